/** mbsync (isync) keeps a maildir and our server the same, whichever side changes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { random } from '../messages.js'
import { ensureInstalled, runProgram } from '../tools.js'
import { addToMaildir, makeMaildir, mark, readMaildir, remove } from './maildir.js'
import { numbered, numberedFrom, numberOf } from './messages.js'
import { sameMessages } from './same.js'
import { type ClientServer, STORES, startServer } from './server.js'

const ready = ensureInstalled(['isync', 'openssl'])

let server: ClientServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** How mbsync is told to encrypt. */
const SECURITY = {
  'clear text': (one: ClientServer) => `Port ${one.imap}\nSSLType None\nAuthMechs LOGIN`,
  STARTTLS: (one: ClientServer) => `Port ${one.imap}\nSSLType STARTTLS\nCertificateFile ${one.certificate}`,
  TLS: (one: ClientServer) => `Port ${one.imaps}\nSSLType IMAPS\nCertificateFile ${one.certificate}`,
} as const

/** A maildir beside the server, and a run of mbsync between them. */
function pair(one: ClientServer, security: keyof typeof SECURITY = 'clear text') {
  const local = join(one.folder, 'local')
  mkdirSync(local)
  const config = join(one.folder, 'mbsyncrc')
  writeFileSync(
    config,
    `
FSync no

IMAPAccount ours
Host localhost
User alice
Pass secret
${SECURITY[security](one)}

IMAPStore remote
Account ours

MaildirStore local
Path ${local}/
Inbox ${local}/INBOX
SubFolders Verbatim

Channel all
Far :remote:
Near :local:
Patterns *
Create Both
Expunge Both
Remove Both
Sync All
CopyArrivalDate yes
SyncState *
`,
  )
  return {
    folder: (...path: string[]) => join(local, ...path),
    async sync(): Promise<void> {
      const { code, stderr, stdout } = await runProgram('mbsync', ['-c', config, '-qq', '-a'], {
        env: { HOME: one.folder },
      })
      expect(stderr + stdout.toString()).toBe('')
      expect(code).toBe(0)
    },
    /** Both sides hold the same messages with the same flags. Gives their numbers. */
    same: async (...path: string[]) => sameMessages(await one.stored(...path), join(local, ...path), withoutTuid),
  }
}

/** mbsync puts a line into what it uploads, to find it again. */
function withoutTuid(octets: Buffer): Buffer {
  const text = octets.toString('latin1')
  const start = text.indexOf('X-TUID: ')
  return start === -1
    ? octets
    : Buffer.from(text.slice(0, start) + text.slice(text.indexOf('\r\n', start) + 2), 'latin1')
}

describe.skipIf(!ready).each(STORES)('mbsync, store: %s', { timeout: 120_000 }, (kind) => {
  test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])(
    '%s: mail, folders and flags come down',
    async (security) => {
      server = await startServer(kind)
      await server.fill(numberedFrom(0, 60), (i) => (i % 2 === 0 ? ['\\Seen'] : ['\\Flagged', '\\Answered']))
      await server.deliver(numbered(100), [], 'Archive', 'Entwürfe & Briefe')
      const client = pair(server, security)
      await client.sync()
      expect(await client.same('INBOX')).toHaveLength(60)
      const names = ['Archive', 'Entw&APw-rfe &- Briefe']
      expect(readMaildir(client.folder(...names)).map(({ octets }) => numberOf(octets))).toEqual([100])
    },
  )

  test('new mail, flags and deletions cross in both directions', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 20))
    const client = pair(server)
    await client.sync()
    const stored = await server.stored('INBOX')
    // The server's side.
    await server.deliver(numbered(50), ['\\Seen'])
    await server.setFlags(['INBOX'], stored[0].uid, ['\\Seen', '\\Answered'])
    await server.expunge(['INBOX'], stored[1].uid)
    // The maildir's side.
    const kept = new Map(readMaildir(client.folder('INBOX')).map((one) => [numberOf(one.octets), one]))
    addToMaildir(client.folder('INBOX'), numbered(60), 'FS')
    mark(kept.get(2) as never, 'FRS')
    mark(kept.get(3) as never, 'ST')
    remove(kept.get(4) as never)
    await client.sync()
    expect(await client.same('INBOX')).toEqual([0, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 50, 60])
    const flags = new Map((await server.stored('INBOX')).map((one) => [numberOf(one.octets), one.flags]))
    expect(flags.get(0)).toEqual(['\\Answered', '\\Seen'])
    expect(flags.get(2)).toEqual(['\\Answered', '\\Flagged', '\\Seen'])
    expect(flags.get(60)).toEqual(['\\Flagged', '\\Seen'])
  })

  test('a folder that is made, and one that is removed, on either side', async () => {
    server = await startServer(kind)
    await server.deliver(numbered(1), [], 'Theirs')
    const client = pair(server)
    makeMaildir(client.folder('Mine'))
    addToMaildir(client.folder('Mine'), numbered(2))
    await client.sync()
    expect(await client.same('Theirs')).toEqual([1])
    expect(await client.same('Mine')).toEqual([2])
    // mbsync removes only what is empty.
    for (const one of readMaildir(client.folder('Theirs'))) remove(one)
    await client.sync()
    expect(await server.stored('Theirs')).toEqual([])
  })

  test('rounds of anything on both sides', async () => {
    server = await startServer(kind)
    const next = random(kind === 'memory' ? 1 : 2)
    const any = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]
    let last = 30
    const client = pair(server)
    await server.fill(numberedFrom(0, last))
    await client.sync()
    for (let round = 0; round < 4; round++) {
      // Who changes the same message on both sides gets the union of flags: each message is one side's in a round.
      const far = (await server.stored('INBOX')).filter(({ octets }) => numberOf(octets) % 2 === round % 2)
      for (let n = 0; n < 6; n++) {
        const { uid } = any(far)
        const what = next()
        if (what < 0.3) await server.deliver(numbered(last++))
        else if (what < 0.8) await server.setFlags(['INBOX'], uid, FLAG_SETS[Math.floor(next() * FLAG_SETS.length)])
        else await server.expunge(['INBOX'], uid)
      }
      const near = readMaildir(client.folder('INBOX')).filter(({ octets }) => numberOf(octets) % 2 !== round % 2)
      for (const one of near) {
        const what = next()
        if (what < 0.2) mark(one, any(['', 'S', 'FS', 'RS', 'T']))
        else if (what < 0.3) remove(one)
      }
      for (let n = 0; n < 3; n++) addToMaildir(client.folder('INBOX'), numbered(last++), any(['', 'S', 'F']))
      await client.sync()
      // What was marked deleted is gone behind the first run, and is known to be gone behind the second.
      await client.sync()
      expect((await client.same('INBOX')).length).toBeGreaterThan(5)
    }
  })
})

const FLAG_SETS: readonly (readonly string[])[] = [
  [],
  ['\\Seen'],
  ['\\Seen', '\\Flagged'],
  ['\\Answered'],
  ['\\Deleted'],
]
