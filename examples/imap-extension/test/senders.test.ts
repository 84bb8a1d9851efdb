import { createImapServer, standardExtensions } from '@posthouse/imap'
import { createMemoryStore } from '@posthouse/store-api'
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { senders } from '../src/senders.js'

function server() {
  const store = createMemoryStore({ autoCreate: true })
  return createImapServer({
    store,
    authenticate: (user, password) => (password === 'secret' ? user : null),
    allowInsecureAuth: true,
    extensions: [...standardExtensions, senders],
  })
}

const append = (tag: string, from: string, date: string) => `
  C: ${tag} APPEND INBOX "${date}" {${22 + from.length}+}
  C~ From: ${from}\\r\\nSubject: x\\r\\n\\r\\n\\r\\n
  S: ${tag} OK {*}
`

test('who wrote how many, and how old they are', () =>
  playTranscriptAtAllCuts(
    server,
    `
    S: * OK {*}
    C: l1 LOGIN alice secret
    S: l1 OK [CAPABILITY {*} XSENDERS] {*}
    ${append('b1', 'bob@example.test', '20-Dec-2025 00:00:00 +0000')}
    ${append('b2', 'Ada <ada@example.test>', '31-Dec-2025 12:00:00 +0000')}
    ${append('b3', 'ada@example.test', ' 2-Jan-2026 00:00:00 +0000')}
    C: c1 XSENDERS INBOX
    S: * XSENDERS INBOX ("ada@example.test" 2 "bob@example.test" 1)
    S: c1 OK XSENDERS completed
    C: c2 XSENDERS Nowhere
    S: c2 NO [NONEXISTENT] {*}
    C: c3 XSENDERS
    S: c3 BAD Missing argument
    C: c4 SELECT INBOX
    S: ...
    S: c4 OK {*}
    C: c5 FETCH 1:3 (UID XDAYS)
    S: * 1 FETCH (UID 1 XDAYS 12)
    S: * 2 FETCH (UID 2 XDAYS 0)
    S: * 3 FETCH (UID 3 XDAYS 0)
    S: c5 OK FETCH completed
  `,
  ))

test('the example is as short as it says', async () => {
  const { readFileSync } = await import('node:fs')
  const source = readFileSync(new URL('../src/senders.ts', import.meta.url), 'utf8')
  expect(source.trimEnd().split('\n').length).toBeLessThan(60)
})
