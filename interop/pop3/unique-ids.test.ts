/** Our unique-ids beside those of the real servers: whoever replaces one makes no client download again. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPop3Server, type UniqueIdFormat } from '@posthouse/pop3'
import { connectPop3, type Listening, listen } from '@posthouse/pop3/node'
import { connectLmtp } from '@posthouse/smtp/node'
import type { MailStore, MessageRow } from '@posthouse/store-api'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COURIER_PACKAGES, startCourier } from '../courier.js'
import { CYRUS_PACKAGES, startCyrus } from '../cyrus.js'
import { startDovecot } from '../dovecot.js'
import { ensureInstalled, runProgram } from '../tools.js'
import { ensureUnpacked } from '../unpack.js'

const message = (i: number): string => `From: a@example.test\r\nSubject: ${i}\r\n\r\n.\r\nline ${i}\r\n`
const credentials = { user: 'anna', password: 'secret' }
const connect = (port: number) => connectPop3({ host: '127.0.0.1', port, tls: 'never', credentials })

/** Another server, and what it knows of the messages that it shows. */
interface Theirs {
  readonly pop3: number
  deliver(message: string): Promise<void> | void
  /** UIDVALIDITY and UIDs, told by something else than its POP3. */
  numbers(): Promise<{ readonly uidValidity: number; readonly uids: readonly number[] }>
  stop(): Promise<void>
}

async function dovecot(format?: string): Promise<Theirs> {
  const server = await startDovecot({
    ...(format !== undefined && { settings: () => `protocol pop3 {\n  pop3_uidl_format = ${format}\n}` }),
  })
  async function imap<T>(use: (client: ImapFlow) => Promise<T>): Promise<T> {
    const auth = { user: 'anna', pass: 'secret' }
    const client = new ImapFlow({ host: '127.0.0.1', port: server.imap, secure: false, logger: false, auth })
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.logout()
    }
  }
  return {
    pop3: server.pop3,
    deliver: (text) => imap(async (client) => void (await client.append('INBOX', Buffer.from(text)))),
    numbers: () =>
      imap(async (client) => {
        const { uidValidity } = await client.mailboxOpen('INBOX')
        const uids = (await client.search({ all: true }, { uid: true })) || []
        return { uidValidity: Number(uidValidity), uids }
      }),
    stop: server.stop,
  }
}

const cyrusFiles = ensureUnpacked(CYRUS_PACKAGES)
async function cyrus(format?: string): Promise<Theirs> {
  const server = await startCyrus(cyrusFiles!, format === undefined ? '' : `uidl_format: ${format}`)
  return {
    pop3: server.pop3,
    async deliver(text) {
      // The mailbox is made at the first login.
      await (await connect(server.pop3)).quit()
      const lmtp = await connectLmtp({ host: '127.0.0.1', port: server.lmtp, tls: 'never' })
      const envelope = { reversePath: 'a@example.test', recipients: ['anna@localhost'] }
      await lmtp.send({ envelope, message: Buffer.from(text) })
      await lmtp.close()
    },
    async numbers() {
      const told = server.examine('user/anna')
      const uidValidity = Number(/UIDValidity: (\d+)/.exec(told)?.[1])
      return { uidValidity, uids: [...told.matchAll(/> UID:0*(\d+)/g)].map(([, uid]) => Number(uid)) }
    },
    stop: server.stop,
  }
}

const courierFiles = ensureUnpacked(COURIER_PACKAGES)
async function courier(): Promise<Theirs> {
  const server = await startCourier(courierFiles!)
  return {
    pop3: server.pop3,
    deliver: server.deliver,
    async numbers() {
      const lines = server.sizes().trimEnd().split('\n').slice(1)
      const pairs = lines.map((line) => line.split(' ')[2].split(':').map(Number))
      return { uidValidity: pairs[0][1], uids: pairs.map(([uid]) => uid) }
    },
    stop: server.stop,
  }
}

/** The same mailbox as an adapter shows it: the numbers are theirs, the octets as POP3 sent them. */
function adapter(uidValidity: number, uids: readonly number[], texts: readonly string[]): MailStore {
  const blobs = texts.map((text) => Buffer.from(text, 'latin1'))
  const rows: MessageRow[] = uids.map((uid, i) => ({
    ...{ uid, modseq: 1, flags: 0, size: blobs[i].length, internalDate: 0, emailId: '', blob: String(i) },
  }))
  const info = { id: 'inbox', path: ['INBOX'], uidValidity, uidNext: 1000, modseq: 1, messages: rows.length, unseen: 0 }
  return {
    open: async () => ({
      mailboxes: async () => [info],
      messages: (_id, { uids: wanted }) => [
        rows.filter(({ uid }) => !wanted || wanted.some(([lo, hi]) => uid >= lo && uid <= hi)),
      ],
      read: (blob) => [blobs[Number(blob)]],
    }),
  }
}

const hasDovecot = ensureInstalled(['dovecot-imapd', 'dovecot-pop3d'])
const hasMpop = ensureInstalled(['mpop'])

describe.each<[string, UniqueIdFormat, boolean, () => Promise<Theirs>]>([
  ['Dovecot', 'dovecot', hasDovecot, () => dovecot()],
  ['Dovecot in the place of Dovecot 0.99 or Cyrus', 'cyrus', hasDovecot, () => dovecot('%v.%u')],
  ['Dovecot in the place of an old Cyrus', 'cyrus-uid', hasDovecot, () => dovecot('%u')],
  ['Dovecot in the place of UW', 'uw', hasDovecot, () => dovecot('%08Xv%08Xu')],
  ['Cyrus', 'cyrus', cyrusFiles !== null, () => cyrus()],
  ['Cyrus with uidl_format uidonly', 'cyrus-uid', cyrusFiles !== null, () => cyrus('uidonly')],
  ['Cyrus with uidl_format dovecot', 'dovecot', cyrusFiles !== null, () => cyrus('dovecot')],
  ['Courier', 'courier', courierFiles !== null, () => courier()],
])('%s', (_name, uniqueId, there, start) => {
  describe.skipIf(!there)(`uniqueId: '${uniqueId}'`, () => {
    let theirs: Theirs
    let ours: Listening
    let folder = ''

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'posthouse-pop3-'))
      theirs = await start()
      for (let i = 1; i <= 12; i++) await theirs.deliver(message(i))
      // A gap, and a UID of two digits in each base.
      const session = await connect(theirs.pop3)
      await session.delete(2, 5)
      await session.quit()
      const texts: string[] = []
      {
        await using reading = await connect(theirs.pop3)
        for (const { number } of await reading.list()) {
          let text = ''
          for await (const piece of reading.retrieve(number)) text += Buffer.from(piece).toString('latin1')
          texts.push(text)
        }
      }
      const { uidValidity, uids } = await theirs.numbers()
      expect(uids).toEqual([1, 3, 4, 6, 7, 8, 9, 10, 11, 12])
      const store = adapter(uidValidity, uids, texts)
      ours = await listen(createPop3Server({ store, authenticate: (user) => user, uniqueId }), { port: 0 })
    })
    afterAll(async () => {
      await ours?.close({ force: true })
      await theirs?.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    test('every message has the unique-id that it had there', async () => {
      await using there = await connect(theirs.pop3)
      await using here = await connect(ours.port)
      expect(await here.uidl()).toEqual(await there.uidl())
    })

    test.skipIf(!hasMpop)('a client that has everything from there finds nothing new here', async () => {
      const files = [`--uidls-file=${join(folder, 'ids')}`, `--delivery=mbox,${join(folder, 'mbox')}`]
      const login = ['--host=127.0.0.1', '--user=anna', '--passwordeval=echo secret', '--tls=off', '--auth=user']
      const fetch = (port: number) =>
        runProgram('mpop', [...login, ...files, `--port=${port}`, '--keep=on', '-q'], { env: { HOME: folder } })
      const count = (): number => {
        const file = join(folder, 'mbox')
        return existsSync(file) ? (readFileSync(file, 'latin1').match(/^line \d+$/gm) ?? []).length : 0
      }
      expect(await fetch(theirs.pop3)).toMatchObject({ code: 0, stderr: '' })
      expect(count()).toBe(10)
      expect(await fetch(ours.port)).toMatchObject({ code: 0, stderr: '' })
      expect(count()).toBe(10)
      // It would have noticed others: the same mailbox under our own ids is fetched once more.
      rmSync(join(folder, 'ids'))
      expect(await fetch(ours.port)).toMatchObject({ code: 0, stderr: '' })
      expect(count()).toBe(20)
    })
  })
})
