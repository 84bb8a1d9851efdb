/** Programs that fetch mail and leave: fetchmail, getmail, curl. Each message once, octet for octet. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { ensureInstalled, type ProgramResult, runProgram } from '../tools.js'
import { makeMaildir, readMaildir } from './maildir.js'
import { numbered, numberedFrom, numberOf } from './messages.js'
import { type ClientServer, STORES, startServer } from './server.js'

const getmail = fileURLToPath(new URL('../python/getmail_waits.py', import.meta.url))

let server: ClientServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
const ordered = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b)

async function filled(kind: (typeof STORES)[number], count: number): Promise<ClientServer> {
  server = await startServer(kind)
  await server.fill(numberedFrom(0, count))
  return server
}

describe.skipIf(!ensureInstalled(['fetchmail', 'openssl'])).each(STORES)(
  'fetchmail, store: %s',
  { timeout: 120_000 },
  (kind) => {
    const SECURITY = {
      'clear text': (one: ClientServer) => [`port ${one.imap}`, `sslproto ''`],
      STARTTLS: (one: ClientServer) => [
        `port ${one.imap}`,
        `sslproto 'TLS1.2+' sslcertck sslcertfile "${one.certificate}"`,
      ],
      TLS: (one: ClientServer) => [
        `port ${one.imaps}`,
        `ssl sslproto 'TLS1.2+' sslcertck sslcertfile "${one.certificate}"`,
      ],
    } as const

    /** Each message goes to a command that puts it into a file. */
    function fetch(one: ClientServer, security: keyof typeof SECURITY, options: string): Promise<ProgramResult> {
      const [port, ssl] = SECURITY[security](one)
      const config = join(one.folder, 'fetchmailrc')
      const mda = `mda "cat > \`mktemp ${join(mail(one), 'XXXXXXXX')}\`"`
      writeFileSync(
        config,
        `poll "localhost" protocol IMAP ${port}\n user "alice" password "secret" ${ssl} ${options}\n ${mda}\n`,
        { mode: 0o600 },
      )
      return runProgram('fetchmail', ['-f', config, '--pidfile', join(one.folder, 'pid'), '--nodetach', '-d0'], {
        env: { HOME: one.folder },
      })
    }
    const mail = (one: ClientServer): string => {
      const folder = join(one.folder, 'mail')
      mkdirSync(folder, { recursive: true })
      return folder
    }
    /** The numbers of what came; fetchmail adds a field, and what it hands on has LF. */
    function got(one: ClientServer): number[] {
      const found = readdirSync(mail(one)).map((name) => readFileSync(join(mail(one), name), 'latin1'))
      for (const text of found) {
        const sent = numbered(numberOf(Buffer.from(text, 'latin1'))).replaceAll('\r\n', '\n')
        expect(text.slice(text.indexOf('\n\n'))).toBe(sent.slice(sent.indexOf('\n\n')))
      }
      return ordered(found.map((text) => numberOf(Buffer.from(text, 'latin1'))))
    }

    test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])(
      '%s: what is unseen, once; then it is seen',
      async (security) => {
        const one = await filled(kind, 10)
        expect((await fetch(one, security, 'keep')).code).toBe(0)
        expect(got(one)).toEqual(range(0, 10))
        expect((await one.stored('INBOX')).every(({ flags }) => flags.includes('\\Seen'))).toBe(true)
        // Exit code 1: there was no mail.
        expect((await fetch(one, security, 'keep')).code).toBe(1)
        await one.deliver(numbered(10))
        expect((await fetch(one, security, 'keep')).code).toBe(0)
        expect(got(one)).toEqual(range(0, 11))
      },
    )

    test('without keep, the mailbox is empty behind it, and other folders are drained, too', async () => {
      const one = await filled(kind, 10)
      await one.deliver(numbered(100), [], 'Lists', 'Grüße')
      expect((await fetch(one, 'TLS', 'nokeep fetchall expunge 7 folder "INBOX" "Lists/Gr&APwA3w-e"')).code).toBe(0)
      expect(got(one)).toEqual([...range(0, 10), 100])
      expect(await one.stored('INBOX')).toEqual([])
      expect(await one.stored('Lists', 'Grüße')).toEqual([])
    })
  },
)

describe.skipIf(!ensureInstalled(['getmail6', 'openssl'])).each(STORES)(
  'getmail, store: %s',
  { timeout: 120_000 },
  (kind) => {
    test.each(['SimpleIMAPRetriever', 'SimpleIMAPSSLRetriever'])(
      '%s: into a maildir; nothing new; then deleted',
      async (type) => {
        const one = await filled(kind, 10)
        const folder = join(one.folder, 'getmail')
        const maildir = join(folder, 'maildir')
        mkdirSync(folder)
        makeMaildir(maildir)
        // It refuses to deliver as root.
        await runProgram('chmod', ['755', one.folder])
        await runProgram('chown', ['-R', 'nobody', folder])
        const fetch = (remove: boolean): Promise<ProgramResult> => {
          const ssl = type.includes('SSL')
            ? `port = ${one.imaps}\nca_certs = ${one.certificate}\n`
            : `port = ${one.imap}\n`
          writeFileSync(
            join(folder, 'rc'),
            `[retriever]\ntype = ${type}\nserver = localhost\n${ssl}username = alice\npassword = secret
mailboxes = ("INBOX",)\nuse_peek = true\n[destination]\ntype = Maildir\npath = ${maildir}/\nuser = nobody
[options]\nread_all = false\ndelete = ${remove}\ndelivered_to = false\nreceived = false\n`,
          )
          // Debian's Python, which has its modules.
          return runProgram('/usr/bin/python3', [getmail, '--getmaildir', folder, '--rcfile', join(folder, 'rc')], {
            env: { HOME: folder },
          })
        }
        expect(await fetch(false)).toMatchObject({ code: 0, stderr: '' })
        const got = (): number[] => ordered(readMaildir(maildir).map(({ octets }) => numberOf(octets)))
        expect(got()).toEqual(range(0, 10))
        await one.deliver(numbered(10))
        expect((await fetch(false)).code).toBe(0)
        expect(got()).toEqual(range(0, 11))
        expect((await fetch(true)).code).toBe(0)
        expect(got()).toEqual(range(0, 11))
        expect(await one.stored('INBOX')).toEqual([])
      },
    )
  },
)

describe.skipIf(!ensureInstalled(['curl', 'openssl'])).each(STORES)('curl, store: %s', { timeout: 120_000 }, (kind) => {
  const SECURITY = {
    'clear text': (one: ClientServer) => [`imap://localhost:${one.imap}`],
    STARTTLS: (one: ClientServer) => ['--ssl-reqd', '--cacert', one.certificate, `imap://localhost:${one.imap}`],
    TLS: (one: ClientServer) => ['--cacert', one.certificate, `imaps://localhost:${one.imaps}`],
  } as const

  test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])('%s', async (security) => {
    const one = await filled(kind, 5)
    const curl = async (path: string, ...more: string[]): Promise<string> => {
      const args = SECURITY[security](one)
      const url = args.pop() as string
      const { stdout, stderr } = await runProgram('curl', [
        '-sS',
        '-u',
        'alice:secret',
        ...args,
        `${url}${path}`,
        ...more,
      ])
      expect(stderr).toBe('')
      return stdout.toString('latin1')
    }
    for (let number = 0; number < 5; number++) {
      expect(await curl(`/INBOX;UID=${number + 1}`)).toBe(numbered(number))
    }
    expect(await curl('/INBOX;MAILINDEX=5;SECTION=HEADER.FIELDS%20(X-NUMBER)')).toBe('X-Number: 4\r\n\r\n')
    expect(await curl('/INBOX;UID=1;SECTION=1')).toBe(`Hello 0,\r\n\r\na line of text\r\n`)
    expect(await curl('/INBOX?SUBJECT%20%22message%203%22')).toBe('* SEARCH 4\r\n')
    expect(await curl('/', '-X', 'CREATE Sent')).toBe('')
    const file = join(one.folder, 'upload')
    writeFileSync(file, numbered(77), 'latin1')
    await curl('/Sent', '-T', file)
    expect((await one.stored('Sent')).map(({ octets }) => octets.toString('latin1'))).toEqual([numbered(77)])
    expect(await curl('/')).toBe('* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\HasNoChildren) "/" Sent\r\n')
    await curl('/INBOX', '-X', 'STORE 2 +FLAGS.SILENT (\\Deleted)')
    expect(await curl('/INBOX', '-X', 'EXPUNGE')).toBe('* 2 EXPUNGE\r\n')
    expect((await one.stored('INBOX')).map(({ octets }) => numberOf(octets))).toEqual([0, 2, 3, 4])
  })
})
