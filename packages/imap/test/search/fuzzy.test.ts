import { test } from 'vitest'
import type { TestServer } from '../servers.js'
import { mail, playSelected } from './play.js'

const mailbox = async (made: TestServer): Promise<void> => {
  for (const subject of ['IMAP break', 'breaks IMAP', 'nothing', 'broken', 'imap breaking']) {
    await made.deliver(mail({ Subject: subject, From: subject === 'broken' ? 'x@y' : 'ann@example.org' }, 'body text'))
  }
}

test('RFC 6203: FUZZY, and how relevant what it finds is', () =>
  playSelected(
    `
    C: A1 SEARCH FUZZY (SUBJECT "IMAP break")
    S: * SEARCH 1 2 5
    S: A1 OK SEARCH completed
    C: A2 SEARCH FUZZY SUBJECT "breaking" FROM ann
    S: * SEARCH 1 2 5
    S: A2 OK SEARCH completed
    C: A3 SEARCH SUBJECT breaking
    S: * SEARCH 5
    S: A3 OK SEARCH completed
    C: B1 SEARCH RETURN (RELEVANCY ALL) FUZZY SUBJECT "breaking imap"
    S: * ESEARCH (TAG "B1") RELEVANCY (70 70 90) ALL 1:2,5
    S: B1 OK SEARCH completed
    C: B4 SEARCH RETURN (RELEVANCY ALL) FUZZY SUBJECT " "
    S: * ESEARCH (TAG "B4") RELEVANCY (100 100 100) ALL 1:2,5
    S: B4 OK SEARCH completed
    C: B2 SEARCH RETURN (RELEVANCY) FUZZY SEEN
    S: * ESEARCH (TAG "B2") RELEVANCY ()
    S: B2 OK SEARCH completed
    C: B3 SEARCH RETURN (RELEVANCY) SUBJECT x
    S: B3 BAD {*}
    C: C1 SORT (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * SORT 5 1 2
    S: C1 OK SORT completed
    C: C2 SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * ESEARCH (TAG "C2") RELEVANCY (100 70 70) ALL 5,1:2
    S: C2 OK SORT completed
    C: C3 SORT RETURN (PARTIAL 1:1) (RELEVANCY) UTF-8 FUZZY SUBJECT "imap breaking"
    S: * ESEARCH (TAG "C3") PARTIAL (1:1 5)
    S: C3 OK SORT completed
    C: C4 SORT (RELEVANCY) UTF-8 SUBJECT x
    S: C4 BAD {*}
    C: D1 SEARCH NOT FUZZY SUBJECT imap
    S: * SEARCH 3 4
    S: D1 OK SEARCH completed
    C: D2 SEARCH FUZZY
    S: D2 BAD {*}
    C: D3 SEARCH FUZZY TEXT "text body"
    S: * SEARCH 1 2 3 4 5
    S: D3 OK SEARCH completed
  `,
    mailbox,
  ))
