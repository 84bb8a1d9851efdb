/** OfflineIMAP keeps a maildir and our server the same, whichever side changes. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { random } from '../messages.js'
import { ensureInstalled, runProgram } from '../tools.js'
import { addToMaildir, makeMaildir, mark, readMaildir, remove } from './maildir.js'
import { numbered, numberedFrom, numberOf } from './messages.js'
import { sameMessages } from './same.js'
import { type ClientServer, STORES, startServer } from './server.js'

const ready = ensureInstalled(['offlineimap3', 'openssl'])

let server: ClientServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/**
 * How OfflineIMAP is told to encrypt. With TLS 1.3 its threads (imaplib2's) read the session tickets and write the first
 * command at once, which OpenSSL does not bear: the command may never leave, whatever the server. TLS 1.2 sends no tickets
 * behind the handshake. With STARTTLS two of its threads use one TLS object now and then (`SSL internal error`), with any TLS:
 * left out.
 */
const SECURITY = {
  'clear text': (one: ClientServer) => `remoteport = ${one.imap}\nssl = no\nstarttls = no`,
  TLS: (one: ClientServer) => `remoteport = ${one.imaps}\nssl = yes\n${tls12(one)}`,
} as const

function tls12(one: ClientServer): string {
  return `sslcacertfile = ${one.certificate}\ntls_level = tls_secure\nssl_version = tls1_2`
}

/** A maildir beside the server, and a run of OfflineIMAP between them. */
function pair(one: ClientServer, security: keyof typeof SECURITY = 'clear text') {
  const local = join(one.folder, 'local')
  const config = join(one.folder, 'offlineimaprc')
  writeFileSync(
    config,
    `
[general]
accounts = ours
metadata = ${join(one.folder, 'state')}
fsync = False
socktimeout = 60

[Account ours]
localrepository = near
remoterepository = far
utf8foldernames = yes

[Repository near]
type = Maildir
localfolders = ${local}
sep = /
customflag_a = $Forwarded

[Repository far]
type = IMAP
remotehost = localhost
remoteuser = alice
remotepass = secret
${SECURITY[security](one)}
`,
  )
  return {
    folder: (...path: string[]) => join(local, ...path),
    async sync(): Promise<void> {
      const { code, stderr, stdout } = await runProgram('offlineimap', ['-c', config, '-o', '-u', 'quiet'], {
        env: { HOME: one.folder },
      })
      expect(stderr + stdout.toString()).toBe('')
      expect(code).toBe(0)
    },
    /** Both sides hold the same messages with the same flags. Gives their numbers. */
    same: async (...path: string[]) => sameMessages(await one.stored(...path), join(local, ...path)),
  }
}

describe.skipIf(!ready).each(STORES)('OfflineIMAP, store: %s', { timeout: 120_000 }, (kind) => {
  test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])(
    '%s: mail, folders and flags come down',
    async (security) => {
      server = await startServer(kind)
      await server.fill(numberedFrom(0, 30), (i) => (i % 2 === 0 ? ['\\Seen'] : ['\\Flagged', '\\Answered']))
      await server.deliver(numbered(100), [], 'Archive', 'Entwürfe & Briefe')
      const client = pair(server, security)
      await client.sync()
      expect(await client.same('INBOX')).toHaveLength(30)
      expect(await client.same('Archive', 'Entwürfe & Briefe')).toEqual([100])
    },
  )

  test('what people send crosses octet for octet, up and down', async () => {
    server = await startServer(kind)
    for (const octets of SHAPES) await server.deliver(octets)
    const client = pair(server)
    makeMaildir(client.folder('Mine'))
    for (const octets of SHAPES) addToMaildir(client.folder('Mine'), octets.replace('X-Number: ', 'X-Number: 1'))
    await client.sync()
    expect(await client.same('INBOX')).toHaveLength(SHAPES.length)
    expect(await client.same('Mine')).toHaveLength(SHAPES.length)
    const texts = (await server.stored('Mine')).map(({ octets }) => octets.toString('latin1'))
    expect(texts.sort()).toEqual(SHAPES.map((octets) => octets.replace('X-Number: ', 'X-Number: 1')).sort())
  })

  test('new mail, flags and deletions cross in both directions, and a second run changes nothing', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 20))
    const client = pair(server)
    await client.sync()
    const stored = await server.stored('INBOX')
    // The server's side.
    await server.deliver(numbered(50), ['\\Seen', '$Forwarded'])
    await server.setFlags(['INBOX'], stored[0].uid, ['\\Seen', '\\Answered'])
    await server.expunge(['INBOX'], stored[1].uid)
    // The maildir's side.
    const kept = new Map(readMaildir(client.folder('INBOX')).map((one) => [numberOf(one.octets), one]))
    addToMaildir(client.folder('INBOX'), numbered(60), 'FS')
    mark(kept.get(2) as never, 'FRS')
    mark(kept.get(3) as never, 'RS')
    remove(kept.get(4) as never)
    await client.sync()
    expect(await client.same('INBOX')).toEqual([0, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 50, 60])
    const flags = new Map((await server.stored('INBOX')).map((one) => [numberOf(one.octets), one.flags]))
    expect(flags.get(0)).toEqual(['\\Answered', '\\Seen'])
    expect(flags.get(2)).toEqual(['\\Answered', '\\Flagged', '\\Seen'])
    expect(flags.get(3)).toEqual(['\\Answered', '\\Seen'])
    expect(flags.get(60)).toEqual(['\\Flagged', '\\Seen'])
    const files = readMaildir(client.folder('INBOX'))
    // OfflineIMAP carries keywords down, but not up.
    expect(files.find(({ octets }) => numberOf(octets) === 50)?.file).toMatch(/:2,Sa$/)
    // Nothing is left to do.
    const before = await everything(server, files)
    await client.sync()
    expect(await everything(server, readMaildir(client.folder('INBOX')))).toEqual(before)
  })

  test('folders with any name that are made on either side', async () => {
    server = await startServer(kind)
    const names = ['Œuvres', '日本語', 'Entwürfe & Briefe', 'a&b', '😀']
    for (const [i, name] of names.entries()) await server.deliver(numbered(i), [], 'Theirs', name)
    const client = pair(server)
    makeMaildir(client.folder('Mine'))
    for (const [i, name] of names.entries()) {
      makeMaildir(client.folder('Mine', name))
      addToMaildir(client.folder('Mine', name), numbered(100 + i), 'S')
    }
    await client.sync()
    for (const [i, name] of names.entries()) {
      expect(await client.same('Theirs', name)).toEqual([i])
      expect(await client.same('Mine', name)).toEqual([100 + i])
    }
    for (const name of names) for (const one of readMaildir(client.folder('Theirs', name))) remove(one)
    await client.sync()
    for (const name of names) expect(await server.stored('Theirs', name)).toEqual([])
  })

  test('rounds of anything on both sides', async () => {
    server = await startServer(kind)
    const next = random(kind === 'memory' ? 1 : 2)
    const any = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]
    let last = 30
    const client = pair(server)
    await server.fill(numberedFrom(0, last))
    await client.sync()
    for (let round = 0; round < 3; round++) {
      // What both sides change at once has no one answer: each message is one side's in a round.
      const far = (await server.stored('INBOX')).filter(({ octets }) => numberOf(octets) % 2 === round % 2)
      for (let n = 0; n < 8; n++) {
        const { uid } = any(far)
        const what = next()
        if (what < 0.3) await server.deliver(numbered(last++))
        else if (what < 0.8) await server.setFlags(['INBOX'], uid, any(FLAG_SETS))
        else await server.expunge(['INBOX'], uid)
      }
      const near = readMaildir(client.folder('INBOX')).filter(({ octets }) => numberOf(octets) % 2 !== round % 2)
      for (const one of near) {
        const what = next()
        if (what < 0.3) mark(one, any(['', 'S', 'FS', 'RS', 'T']))
        else if (what < 0.4) remove(one)
      }
      for (let n = 0; n < 3; n++) addToMaildir(client.folder('INBOX'), numbered(last++), any(['', 'S', 'F']))
      await client.sync()
      // A deletion takes with it what else is marked deleted (EXPUNGE): the second run learns of that.
      await client.sync()
      expect((await client.same('INBOX')).length).toBeGreaterThan(5)
    }
  })
})

/** All that a run could have changed. */
async function everything(one: ClientServer, files: readonly { readonly file: string }[]) {
  return {
    mailboxes: await one.account.mailboxes(),
    stored: await one.stored('INBOX'),
    files: files.map(({ file }) => [file, statSync(file).mtimeMs, statSync(file).ino]).sort(),
  }
}

/** A message with its number, and a header and body of one's own. */
function shaped(number: number, header: string, body: string): string {
  return `From: bob@example.test\r\nMessage-ID: <${number}.shape@example.test>\r\nX-Number: ${number}\r\n${header}\r\n${body}`
}

const SHAPES: readonly string[] = [
  shaped(1, 'Subject: no body\r\n', ''),
  shaped(2, 'Subject: no line at the end\r\n', 'last line'),
  shaped(3, 'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n', 'na\xefve\r\n'),
  shaped(4, `Subject: folded\r\n\tby a tab\r\n  and by two spaces\r\nX-Long: ${'word '.repeat(150)}\r\n`, 'x\r\n'),
  shaped(5, 'Subject: dots\r\n', '.\r\n..\r\nFrom the start of a line\r\n \r\n\r\n\r\n'),
  shaped(6, 'Subject: a long line\r\n', `${'0123456789'.repeat(2000)}\r\n`),
  shaped(7, 'Content-Type: text/plain; charset=utf-8\r\n', `${Buffer.from('größer 日本').toString('latin1')}\r\n`),
]

const FLAG_SETS: readonly (readonly string[])[] = [
  [],
  ['\\Seen'],
  ['\\Seen', '\\Flagged'],
  ['\\Answered'],
  ['\\Deleted'],
]
