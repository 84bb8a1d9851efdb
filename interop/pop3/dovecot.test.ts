/** The same messages in Dovecot and in ours: what a client reads, and what it must not download again. */
import { createPop3Server } from '@posthouse/pop3'
import { connectPop3, type Listening, listen } from '@posthouse/pop3/node'
import { createMemoryStore, type MemoryStore } from '@posthouse/store-api'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dovecot, startDovecot } from '../dovecot.js'
import { ensureInstalled } from '../tools.js'

const MESSAGES = [
  'Subject: one\r\n\r\nplain\r\n',
  'Subject: dots\r\n\r\n.\r\n..\r\n...x\r\n.\r\n',
  'Subject: no body\r\n\r\n',
  'Subject: no empty line\r\n',
  `Subject: long\r\n\r\n${'x'.repeat(20_000)}\r\nend\r\n`,
  'Subject: empty lines\r\n\r\n\r\n\r\n1\r\n\r\n2\r\n',
  'Subject: 8-bit\r\n\r\n\xe4\xf6\xfc\r\n',
]

const credentials = { user: 'anna', password: 'secret' }

describe.skipIf(!ensureInstalled(['dovecot-imapd', 'dovecot-pop3d']))('beside Dovecot', () => {
  let dovecot: Dovecot
  let ours: Listening
  let store: MemoryStore
  let uidValidity = 0
  let uids: number[] = []

  beforeAll(async () => {
    dovecot = await startDovecot()
    const imap = new ImapFlow({
      ...{ host: '127.0.0.1', port: dovecot.imap, secure: false, logger: false },
      auth: { user: 'anna', pass: 'secret' },
    })
    await imap.connect()
    for (const message of MESSAGES) await imap.append('INBOX', Buffer.from(message, 'latin1'))
    const mailbox = await imap.mailboxOpen('INBOX')
    uidValidity = Number(mailbox.uidValidity)
    uids = (await imap.search({ all: true }, { uid: true })) || []
    await imap.logout()
    store = createMemoryStore()
    store.addAccount('anna')
    for (const [i, message] of MESSAGES.entries()) {
      const staged = await store.stage([Buffer.from(message, 'latin1')])
      await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'anna', dedup: String(i) }] })
    }
    ours = await listen(createPop3Server({ store, authenticate: (user) => user, uniqueId: 'dovecot' }), { port: 0 })
  })
  afterAll(async () => {
    await ours?.close({ force: true })
    await dovecot?.stop()
  })

  const connect = (port: number) => connectPop3({ host: '127.0.0.1', port, tls: 'never', credentials })

  async function text(octets: AsyncIterable<Uint8Array>): Promise<string> {
    const pieces: Uint8Array[] = []
    for await (const piece of octets) pieces.push(piece.slice())
    return Buffer.concat(pieces).toString('latin1')
  }

  test('STAT, LIST, RETR and TOP answer the same', async () => {
    await using theirs = await connect(dovecot.pop3)
    await using mine = await connect(ours.port)
    expect(await mine.stat()).toEqual(await theirs.stat())
    expect(await mine.list()).toEqual(await theirs.list())
    for (let i = 1; i <= MESSAGES.length; i++) {
      expect(await text(mine.retrieve(i))).toBe(await text(theirs.retrieve(i)))
      for (const lines of [0, 1, 2, 100]) {
        expect([i, lines, await text(mine.top(i, lines))]).toEqual([i, lines, await text(theirs.top(i, lines))])
      }
    }
  })

  test('unique-ids have the form that Dovecot gives them', async () => {
    await using theirs = await connect(dovecot.pop3)
    const form = (uid: number, validity: number): string =>
      uid.toString(16).padStart(8, '0') + validity.toString(16).padStart(8, '0')
    expect((await theirs.uidl()).map(({ uniqueId }) => uniqueId)).toEqual(uids.map((uid) => form(uid, uidValidity)))
    await using mine = await connect(ours.port)
    const [inbox] = await (await store.open('anna')).mailboxes()
    const wanted = MESSAGES.map((_, i) => form(i + 1, inbox.uidValidity))
    expect((await mine.uidl()).map(({ uniqueId }) => uniqueId)).toEqual(wanted)
  })
})
