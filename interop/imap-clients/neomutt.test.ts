/** NeoMutt in batch mode: keys that are pushed, on a terminal that nobody sees, and what the store holds behind it. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ensureInstalled, runProgram } from '../tools.js'
import { numbered, numberedFrom, numberOf } from './messages.js'
import { type ClientServer, STORES, startServer } from './server.js'

const ready = ensureInstalled(['neomutt', 'openssl'])

let server: ClientServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** How NeoMutt is told to encrypt: the URL's start, and settings. */
const SECURITY = {
  'clear text': (one: ClientServer) => [`imap://localhost:${one.imap}/`, 'set ssl_starttls=no'],
  STARTTLS: (one: ClientServer) => [`imap://localhost:${one.imap}/`, 'set ssl_starttls=yes ssl_force_tls=yes'],
  TLS: (one: ClientServer) => [`imaps://localhost:${one.imaps}/`, 'set ssl_force_tls=yes'],
} as const

/** NeoMutt with a configuration of its own. `settings` are lines of it. */
function neomutt(one: ClientServer, security: keyof typeof SECURITY = 'clear text', settings = '') {
  const [url, encryption] = SECURITY[security](one)
  const config = join(one.folder, 'neomuttrc')
  const piped = join(one.folder, 'piped')
  const env = { HOME: one.folder, TERM: 'xterm', LC_ALL: 'C.UTF-8' }
  writeFileSync(
    config,
    `
set folder=${url} spoolfile=+INBOX record=+Sent postponed=+Drafts
set imap_user=alice imap_pass=secret imap_authenticators=login
set certificate_file=${one.certificate}
${encryption}
set confirm_append=no confirm_create=no delete=yes quit=yes move=no mark_old=no wait_key=no sleep_time=0
set pipe_decode=no charset=utf-8 abort_unmodified=no recall=no sendmail=/bin/true from=alice@example.test use_domain=no sort=mailbox-order
bind editor <space> noop
${settings}
`,
  )
  return {
    /** Types keys into the index of a mailbox, then quits, which writes what was changed. */
    async type(keys: string, mailbox = 'INBOX'): Promise<void> {
      // The terminal's input stays open and empty: its end would be a key (^D).
      const keyboard = join(one.folder, 'keyboard')
      const command = 'exec neomutt -n -F "$CONFIG" -f "$MAILBOX" -e "push \'$KEYS\'"'
      const { code, stdout, stderr } = await runProgram(
        'sh',
        [
          '-c',
          `rm -f "$1"; mkfifo "$1"; exec timeout -k 1 60 script -qefc "$2" /dev/null <>"$1"`,
          'sh',
          keyboard,
          command,
        ],
        { env: { ...env, CONFIG: config, MAILBOX: `${url}${mailbox}`, KEYS: `${keys}<quit>` } },
      )
      expect(`${code} ${stderr}`, stdout.toString()).toBe('0 ')
    },
    /** The numbers of the messages that fit a pattern: they are all piped through a program. */
    async find(pattern: string, mailbox = 'INBOX'): Promise<number[]> {
      rmSync(piped, { force: true })
      await this.type(`${each(pattern, `<pipe-message>cat >> ${piped}<enter>`)}`, mailbox)
      const text = existsSync(piped) ? readFileSync(piped, 'latin1') : ''
      return [...text.matchAll(/^X-Number: (\d+)$/gm)].map(([, number]) => Number(number))
    },
    /** What the last search piped. */
    piped: () => readFileSync(piped),
    /** Sends a message whose text is in a file; it goes to no one, and a copy of it into the record folder. */
    async send(subject: string, text: string, attached: string): Promise<void> {
      const keys = `<mail>${answer('bob@example.test')}${answer(subject)}<attach-file>${answer(attached)}<send-message>`
      await this.type(`:set editor="cp ${text}"<enter>${keys}`)
    },
  }
}

/** Keys that do something to all that fits a pattern. */
function each(pattern: string, keys: string): string {
  const limited = `<limit><kill-line>${pattern}<enter><tag-pattern><kill-line>~A<enter>`
  return `${limited}<tag-prefix-cond>${keys}<end-cond><untag-pattern><kill-line>~A<enter><limit><kill-line>all<enter>`
}

/** Keys of an answer to a question that may have text in it already. */
function answer(text: string): string {
  return `<kill-line>${text}<enter>`
}

async function numbersIn(one: ClientServer, ...path: string[]): Promise<number[]> {
  return (await one.stored(...path)).map(({ octets }) => numberOf(octets))
}

/** Numbers from `from` to before `to` that fit. */
function numbers(from: number, to: number, fits: (n: number) => boolean = () => true): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i).filter(fits)
}

describe.skipIf(!ready).each(STORES)('NeoMutt, store: %s', { timeout: 120_000 }, (kind) => {
  test.each(Object.keys(SECURITY) as (keyof typeof SECURITY)[])(
    '%s: mail is listed, searched and read',
    async (security) => {
      server = await startServer(kind)
      await server.fill(numberedFrom(0, 40), (i) => (i % 5 === 0 ? ['\\Flagged'] : i % 3 === 0 ? ['\\Seen'] : []))
      const client = neomutt(server, security)
      expect(await client.find('~F')).toEqual([0, 5, 10, 15, 20, 25, 30, 35])
      // The server searches what begins with `=`.
      expect(await client.find('=b "Hello 12,"')).toEqual([12])
      expect(client.piped().toString('latin1')).toBe(numbered(12).replaceAll('\r\n', '\n'))
      expect(await client.find('=h "X-Number: 3" !~F')).toEqual([3, 13, 23, 31, 32, 33, 34, 36, 37, 38, 39])
      expect(await client.find('=s "no such subject"')).toEqual([])
    },
  )

  test('flags and keywords are set and cleared', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 20), (i) => (i < 10 ? ['\\Seen'] : []))
    const keys = [
      each('~s "message [0-4]$"', '<set-flag>!'),
      each('~s "message [3-6]$"', '<set-flag>N'),
      each('~s "message 1[0-2]$"', '<clear-flag>N'),
      each('~s "message 1[3-4]$"', '<set-flag>r'),
      each('~s "message 1[5-6]$"', `<modify-tags>${answer('Work')}`),
    ]
    await neomutt(server).type(keys.join(''))
    const flags = (await server.stored('INBOX')).map((one) => one.flags)
    const seen = ['\\Seen']
    expect(flags.slice(0, 3)).toEqual(Array(3).fill(['\\Flagged', '\\Seen']))
    expect(flags.slice(3, 5)).toEqual(Array(2).fill(['\\Flagged']))
    expect(flags.slice(5, 7)).toEqual([[], []])
    expect(flags.slice(7, 13)).toEqual(Array(6).fill(seen))
    expect(flags.slice(13, 15).every((one) => one.includes('\\Answered'))).toBe(true)
    expect(flags.slice(15, 17).every((one) => one.includes('Work'))).toBe(true)
    expect(flags.slice(17)).toEqual([[], [], []])
    // The same in reverse.
    await neomutt(server).type(each('~A', '<clear-flag>!') + each('~A', '<clear-flag>r') + each('~A', '<set-flag>N'))
    const left = (await server.stored('INBOX')).flatMap((one) => one.flags)
    expect(left.filter((flag) => flag.startsWith('\\'))).toEqual([])
  })

  test('messages are copied and moved to other folders, with any name', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 12), (i) => (i === 2 ? ['\\Flagged', '\\Seen'] : []))
    await server.mailbox('Archive')
    const before = await server.stored('INBOX')
    const name = 'Entwürfe & Briefe 日本'
    const keys = [
      each('~s "message [0-3]$"', `<copy-message>${answer('+Archive')}`),
      // NeoMutt makes the folder.
      each('~s "message [2-5]$"', `<save-message>${answer(`+Archive/${name}`)}`),
    ]
    await neomutt(server).type(keys.join(''))
    expect(await numbersIn(server, 'INBOX')).toEqual([0, 1, 6, 7, 8, 9, 10, 11])
    expect(await numbersIn(server, 'Archive')).toEqual([0, 1, 2, 3])
    expect(await numbersIn(server, 'Archive', name)).toEqual([2, 3, 4, 5])
    for (const one of [...(await server.stored('Archive')), ...(await server.stored('Archive', name))]) {
      const original = before[numberOf(one.octets)]
      expect(one.octets.equals(original.octets)).toBe(true)
      expect(one.internalDate).toBe(original.internalDate)
    }
    expect((await server.stored('Archive', name))[0].flags).toContain('\\Flagged')
    // And back.
    const client = neomutt(server)
    await client.type(each('~F', `<save-message>${answer('+INBOX')}`), `Archive/${name}`)
    expect(await numbersIn(server, 'Archive', name)).toEqual([3, 4, 5])
    expect(await client.find('~F')).toEqual([2])
  })

  test('messages are deleted, some are taken back, and the mailbox is synchronised', async () => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 500))
    const client = neomutt(server)
    // Every other one: sets of UIDs that fill many command lines.
    const first = each('~s "[13579]$"', '<delete-message>') + each('~s "message [0-9]$"', '<undelete-message>')
    const second = each('~s "message [0-9]*00$"', '<delete-message>')
    await client.type(`${first}<sync-mailbox>${second}`)
    const left = numbers(0, 500, (n) => n < 10 || (n % 2 === 0 && n % 100 !== 0))
    expect(await numbersIn(server, 'INBOX')).toEqual(left)
    expect((await server.stored('INBOX')).every(({ flags }) => !flags.includes('\\Deleted'))).toBe(true)
    expect(await client.find('~s "message [1-4]?[0-5]$"')).toEqual(left.filter((n) => n < 50 && n % 10 < 6))
  })

  test.each([
    ['CONDSTORE', 'set imap_condstore=yes', /UID FETCH 1:\d+ \(FLAGS\) \(CHANGEDSINCE \d+\)/],
    ['QRESYNC', 'set imap_condstore=yes imap_qresync=yes', /UID FETCH 1:\d+ \(FLAGS\) \(CHANGEDSINCE \d+ VANISHED\)/],
  ] as const)('with a header cache, %s tells what others have changed', async (_, settings, said) => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 30))
    const log = join(server.folder, 'log')
    const cache = `set header_cache=${join(server.folder, 'cache')} debug_file=${log} debug_level=2`
    const client = neomutt(server, 'clear text', `${settings}\n${cache}`)
    expect(await client.find('~A')).toEqual(numbers(0, 30))
    const stored = await server.stored('INBOX')
    await server.setFlags(['INBOX'], stored[4].uid, ['\\Flagged'])
    for (const at of [0, 7, 8, 29]) await server.expunge(['INBOX'], stored[at].uid)
    await server.deliver(numbered(40), ['\\Flagged'])
    expect(await client.find('~F')).toEqual([4, 40])
    await server.setFlags(['INBOX'], stored[4].uid, ['\\Seen'])
    expect(await client.find('~F')).toEqual([40])
    expect(await client.find('~A')).toEqual([...numbers(1, 29, (n) => n !== 7 && n !== 8), 40])
    const commands = ['0', '1', '2', '3'].flatMap((end) => readFileSync(log + end, 'utf8').split('\n'))
    expect(commands.filter((line) => line.includes('(FLAGS) (CHANGEDSINCE'))).toEqual(
      Array(2).fill(expect.stringMatching(said)),
    )
  })

  test('a sent message is kept on the server', async () => {
    server = await startServer(kind)
    // NeoMutt (20220429) makes no mailbox for a copy of what it sends, though STATUS and APPEND say that there is none.
    await server.mailbox('Sent')
    const client = neomutt(server)
    const file = join(server.folder, 'data.bin')
    const data = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 31) % 256))
    writeFileSync(file, data)
    const written = join(server.folder, 'text')
    writeFileSync(written, 'Grüße\n.\nFrom here\n')
    await client.send('Größe', written, file)
    const [sent, ...more] = await server.stored('Sent')
    expect(more).toEqual([])
    expect(sent.flags).toEqual(['\\Seen'])
    const text = sent.octets.toString('latin1')
    expect(text).toMatch(/^Subject: =\?utf-8\?/im)
    expect(text).not.toMatch(/[^\r]\n/)
    expect(text.replaceAll('\r\n', '')).toContain(data.toString('base64'))
  })
})
