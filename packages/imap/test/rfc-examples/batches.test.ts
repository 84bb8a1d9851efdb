/** The examples of RFC 10022 (UIDBATCHES) and RFC 9585 (INPROGRESS), after their texts. Numbers are scaled. */
import { describe, expect, test } from 'vitest'
import { DialogueClient } from '../dialogue.js'
import { testServer } from '../servers.js'
import { messages, playExample, type Setup } from './play.js'

const SELECT = `
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed`

describe('RFC 10022', () => {
  /** 1,300 messages; the oldest 300 are expunged. */
  const many: Setup = async (made) => {
    await messages(1)(made)
    const account = await made.account()
    const inbox = (await account.mailboxes())[0]?.id as string
    // Copies double what is there.
    for (let count = 1; count < 1_300; count *= 2) {
      const last = Math.min(count, 1_300 - count)
      await account.commit?.([{ op: 'copy', from: inbox, uids: [[1, last]], to: inbox }])
    }
    await account.commit?.([{ op: 'expunge', in: inbox, uids: [[1, 300]], onlyDeleted: false }])
  }

  test('§3.1.1, §3.1.5, §3.1.6: all batches, some of them, more than there are, and none', () =>
    playExample(
      `${SELECT}
      C: A143 UIDBATCHES 500
      S: * UIDBATCHES (TAG "A143") 1300:801,800:1
      S: A143 OK UIDBATCHES completed
      C: A144 UIDBATCHES 600
      S: * UIDBATCHES (TAG "A144") 1300:701,700:1
      S: A144 OK UIDBATCHES completed
      C: A302 UIDBATCHES 600 2:2
      S: * UIDBATCHES (TAG "A302") 700:1
      S: A302 OK UIDBATCHES completed
      C: A302 UIDBATCHES 600 1:5
      S: * UIDBATCHES (TAG "A302") 1300:701,700:1
      S: A302 OK UIDBATCHES completed
      C: A302 UIDBATCHES 600 6:8
      S: * UIDBATCHES (TAG "A302")
      S: A302 OK UIDBATCHES completed
    `,
      many,
    ))

  test('§3.1.3.3.1, §3.1.4: not more than one batch: one range, down to UID 1', () =>
    playExample(
      `${SELECT}
      C: a UIDBATCHES 1000
      S: * UIDBATCHES (TAG "a") 1300:1
      S: a OK UIDBATCHES completed
      C: b UIDBATCHES 2000 1:1
      S: * UIDBATCHES (TAG "b") 1300:1
      S: b OK UIDBATCHES completed
    `,
      many,
    ))

  // §3.1.5, §3.1.7: beyond 100,000 messages a server may refuse; this one does beyond 10,000,000.
  test('§3.1.3.2, §3.1.5, §3.1.6: TOOFEW, CLIENTBUG, TOOMANY, and an empty mailbox', () =>
    playExample(`${SELECT}
      C: A302 UIDBATCHES 499
      S: A302 NO [TOOFEW] {*}
      C: A302 UIDBATCHES 2000 4:1
      S: A302 BAD [CLIENTBUG] {*}
      C: A302 UIDBATCHES 2000 1:1000000
      S: A302 NO [TOOMANY] {*}
      C: A302 UIDBATCHES 2000 1:50
      S: * UIDBATCHES (TAG "A302")
      S: A302 OK UIDBATCHES completed
      C: A302 UIDBATCHES 2000
      S: * UIDBATCHES (TAG "A302")
      S: A302 OK UIDBATCHES completed
      C: A303 UIDBATCHES
      S: A303 BAD {*}
      C: A304 UIDBATCHES 2000 1
      S: A304 BAD {*}
      C: A305 UIDBATCHES 2000 1:*
      S: A305 BAD {*}
    `))

  // §3.1.1: NO [LIMIT] to who asks too often is for servers that pay for an answer; here it costs one look per batch.
  test('§3.3, §3.4: with UIDONLY; nothing goes into $', () =>
    playExample(
      `
      C: e ENABLE UIDONLY
      S: * ENABLED UIDONLY
      S: e OK ENABLE completed${SELECT}
      C: a UID SEARCH RETURN (SAVE) UID 2
      S: a OK SEARCH completed
      C: b UIDBATCHES 500
      S: * UIDBATCHES (TAG "b") 3:1
      S: b OK UIDBATCHES completed
      C: c UID SEARCH $
      S: * SEARCH 2
      S: c OK SEARCH completed
    `,
      messages(3),
    ))
})

describe('RFC 9585 §4', () => {
  /** What is said while a long search runs, without its end. */
  async function progressOf(tag: string): Promise<string[]> {
    const made = testServer({ limits: { progress: 50 } })
    await messages(200)(made)
    let time = 0
    const client = new DialogueClient(made.server, { now: () => (time += 1) })
    await client.logIn('alice')
    await client.run('s SELECT INBOX')
    const lines = await client.run(`${tag} search text "Number 77"`)
    expect(lines.splice(-2)).toEqual(['* SEARCH 77', `${tag} OK SEARCH completed`])
    expect(lines.length).toBeGreaterThan(1)
    return lines
  }

  test('INPROGRESS with the tag, what is done, and the goal, which is not reached', async () => {
    let before = -1
    for (const line of await progressOf('A001')) {
      const [, done] = /^\* OK \[INPROGRESS \("A001" (\d+) 200\)\] /.exec(line) ?? []
      expect(Number(done)).toBeGreaterThan(before)
      before = Number(done)
    }
    expect(before).toBeLessThan(200)
  })

  test('a tag with "]" in it is not told', async () => {
    for (const line of await progressOf('A]1')) expect(line).toMatch(/^\* OK \[INPROGRESS \(NIL \d+ 200\)\] /)
  })
})
