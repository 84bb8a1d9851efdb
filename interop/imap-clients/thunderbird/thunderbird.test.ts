/** Thunderbird's own engine, without its windows, as one reader of a mailbox among others. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { ensureInstalled } from '../../tools.js'
import { numbered, numberedFrom, numberOf } from '../messages.js'
import { type ClientServer, startServer } from '../server.js'
import { startThunderbird, type Thunderbird } from './marionette.js'
import { type Security, writeProfile } from './profile.js'

const ready = ensureInstalled(['thunderbird', 'openssl'])
const engine = readFileSync(fileURLToPath(new URL('./engine.js', import.meta.url)), 'utf8')

let server: ClientServer | undefined
let program: Thunderbird | undefined
afterEach(async () => {
  await program?.quit()
  await server?.stop()
  program = server = undefined
})

/** A message as Thunderbird's list shows it. */
interface Listed {
  readonly subject: string
  readonly recipients: string
  readonly uid: number
  readonly size: number
  readonly read: boolean
  readonly flagged: boolean
  readonly replied: boolean
  readonly keywords: string
}

/** Starts it on the account. What it is asked for is a function of `engine.js`. */
async function open(one: ClientServer, security: Security = 'clear text') {
  program = await startThunderbird(writeProfile(one, security))
  const running = program
  const ask = async (name: string, ...args: readonly unknown[]): Promise<unknown> => {
    const told = await running
      .run(engine, [name, ...args])
      .catch(({ message }: Error) => ({ value: null, error: message }))
    const { value, error } = told as { value: unknown; error?: string }
    if (error) throw new Error(`${name}: ${error}`)
    return value
  }
  const der = readFileSync(one.certificate, 'latin1').replace(/-----[^-]+-----|\s/g, '')
  expect(await ask('prepare', security === 'clear text' ? null : der)).toBe('imap')
  /** What the folder shows as soon as it fits: some changes come behind the end of what has asked for them. */
  async function listed(path: readonly string[], fits: (messages: readonly Listed[]) => boolean): Promise<Listed[]> {
    for (;;) {
      const { count, messages } = (await ask('list', path)) as { count: number; messages: Listed[] }
      if (fits(messages)) return messages
      await ask('changed', count)
    }
  }
  return { ask, listed }
}

const INBOX = ['INBOX']
const subjects = (...numbers: readonly number[]): string[] => numbers.map((number) => `message ${number}`)

describe.skipIf(!ready)('Thunderbird', { timeout: 180_000 }, () => {
  test.each([
    ['memory', 'STARTTLS'],
    ['sqlite', 'TLS'],
  ] as const)('store: %s, %s: lists the folder, shows the messages', async (kind, security) => {
    server = await startServer(kind)
    await server.fill(numberedFrom(0, 30), (i) =>
      i % 3 === 0 ? ['\\Seen', '\\Answered'] : i % 3 === 1 ? ['\\Flagged'] : [],
    )
    const { ask, listed } = await open(server, security)
    await ask('expand')
    await ask('open', INBOX)
    const messages = await listed(INBOX, ({ length }) => length === 30)
    expect(messages.map(({ subject }) => subject)).toEqual(subjects(...Array.from({ length: 30 }, (_, i) => i)))
    for (const [i, one] of messages.entries()) {
      expect(one).toMatchObject({ uid: i + 1, read: i % 3 === 0, replied: i % 3 === 0, flagged: i % 3 === 1 })
      expect(one.recipients).toContain('Jürgen')
      expect(one.size).toBe(numbered(i).length)
    }
    for (const number of [3, 4]) expect(await ask('source', INBOX, `message ${number}`)).toBe(numbered(number))
    expect(await ask('download', INBOX)).toBe(30)
  })

  test('reads, flags, tags, moves, saves and deletes', async () => {
    server = await startServer('sqlite')
    await server.fill(numberedFrom(0, 10))
    await server.mailbox('Archive')
    await server.mailbox('Archive', 'Grüße & Co')
    const { ask, listed } = await open(server, 'TLS')
    expect(await ask('expand')).toEqual(expect.arrayContaining(['INBOX', 'Archive', 'Archive/Grüße & Co']))
    await ask('open', INBOX)
    await listed(INBOX, ({ length }) => length === 10)
    await ask('read', INBOX, subjects(0, 1))
    await ask('flag', INBOX, subjects(1))
    await ask('tag', INBOX, subjects(2), '$label1')
    await ask('move', INBOX, subjects(3, 4), ['Archive', 'Grüße & Co'])
    await ask('remove', INBOX, subjects(5))
    // What it has changed is on its way.
    await server.until((stored) => stored.some(({ flags }) => flags.includes('\\Deleted')), ...INBOX)
    await ask('expunge', INBOX)
    await ask('append', ['Archive'], numbered(77), '')
    const stored = new Map((await server.stored('INBOX')).map((one) => [numberOf(one.octets), one.flags]))
    expect([...stored.keys()]).toEqual([0, 1, 2, 6, 7, 8, 9])
    expect([stored.get(0), stored.get(1), stored.get(2)]).toEqual([['\\Seen'], ['\\Flagged', '\\Seen'], ['$label1']])
    const moved = await server.stored('Archive', 'Grüße & Co')
    expect(moved.map(({ octets }) => octets.toString('latin1'))).toEqual([numbered(3), numbered(4)])
    const [saved] = await server.stored('Archive')
    expect(saved.octets.toString('latin1')).toBe(numbered(77))
    expect(saved.flags).toEqual(['\\Seen'])
  })

  test('new mail is pushed; what others change is seen, also behind a restart', async () => {
    server = await startServer('sqlite')
    await server.fill(numberedFrom(0, 20))
    const first = await open(server)
    await first.ask('expand')
    await first.ask('open', INBOX)
    await first.listed(INBOX, ({ length }) => length === 20)
    // From here on it asks for nothing: IDLE brings all of it.
    await server.deliver(numbered(20))
    await first.listed(INBOX, (messages) => messages.at(-1)?.subject === 'message 20')
    await server.setFlags(INBOX, 1, ['\\Seen', '\\Flagged'])
    await first.listed(INBOX, ([one]) => one.read && one.flagged)
    await server.expunge(INBOX, 2)
    const after = await first.listed(INBOX, ({ length }) => length === 20)
    expect(after.map(({ uid }) => uid)).toEqual([1, ...Array.from({ length: 19 }, (_, i) => i + 3)])
    await program?.quit()

    await server.setFlags(INBOX, 1, [])
    await server.setFlags(INBOX, 3, ['$label2'])
    for (const uid of [4, 5, 6]) await server.expunge(INBOX, uid)
    await server.deliver(numbered(21))
    const second = await open(server)
    await second.ask('open', INBOX)
    const back = await second.listed(INBOX, (messages) => messages.length === 18 && !messages[0].flagged)
    expect(back.map(({ uid }) => uid)).toEqual([1, 3, ...Array.from({ length: 16 }, (_, i) => i + 7)])
    expect(back[0]).toMatchObject({ read: false, flagged: false })
    expect(back[1].keywords).toContain('$label2')
    expect(back.at(-1)?.subject).toBe('message 21')
  })
})
