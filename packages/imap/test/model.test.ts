/**
 * Several sessions over one store, random commands, and a client in each that believes what it is told and nothing
 * else: after NOOP all of them agree with the store on messages, order, UIDs and flags.
 */
import { Flag } from '@posthouse/store-api'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection } from '@posthouse/wire/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatFlags } from '../src/index.js'
import { message, type TestServer, testServer } from './servers.js'

/** What a client believes of its mailbox. */
interface Believed {
  uid: number | null
  flags: string | null
}

/** A client that is as simple as the protocol allows: numbers are positions in a list. */
class Client {
  readonly #connection: MemoryConnection
  readonly #qresync: boolean
  #tag = 0
  #heard = ''
  messages: Believed[] = []
  #highest = 0
  /** Lines of a SELECT with QRESYNC, which make sense only together. */
  #resync: string[] | null = null
  /** Which client was told, and in which selection, that a message is recent; shared by all clients. */
  readonly #recent: Map<string, string>
  readonly #name: string
  #selections = 0
  #mailbox = ''

  constructor(made: TestServer, name: string, qresync: boolean, recent: Map<string, string>) {
    this.#connection = connectInMemory(made.server)
    this.#qresync = qresync
    this.#name = name
    this.#recent = recent
  }

  async open(): Promise<void> {
    await this.run('LOGIN alice secret')
    if (this.#qresync) await this.run('ENABLE QRESYNC')
    await this.select()
  }

  async select(): Promise<void> {
    this.messages = []
    await this.run('SELECT INBOX')
    await this.learn()
  }

  /** Selects anew with what is known already (RFC 7162 §3.2.5). */
  async resync(): Promise<void> {
    if (!this.#qresync || this.#highest === 0) return this.select()
    const lines: string[] = []
    this.#resync = lines
    await this.run(`SELECT INBOX (QRESYNC (1 ${this.#highest}))`)
    this.#resync = null
    const gone = lines.find((line) => line.startsWith('* VANISHED (EARLIER) '))?.slice(21)
    if (gone) this.messages = this.messages.filter(({ uid }) => uid === null || !inSet(gone, uid))
    const exists = lines.find((line) => line.endsWith(' EXISTS')) as string
    const rest = lines.filter((line) => line.includes(' FETCH '))
    for (const line of [exists, ...rest]) this.#hear(line, 'resync', this.messages.length)
    await this.learn()
  }

  /** Looks at another mailbox and comes back with what it knew (RFC 7162 §3.2.5), or with nothing. */
  async elsewhere(): Promise<void> {
    const known = this.messages
    this.messages = []
    const highest = this.#highest
    this.#highest = 0
    await this.run('SELECT Other')
    await this.learn()
    this.messages = this.#qresync ? known : []
    this.#highest = highest
    await this.resync()
  }

  /** INBOX renamed: its messages go; other mailboxes come, get other names, and go. */
  async rename(pick: number): Promise<void> {
    const name = `Box${pick % 3}`
    if (pick % 4 === 0) await this.run(`RENAME INBOX ${name}`)
    else if (pick % 4 === 1) await this.run(`CREATE ${name}`)
    else if (pick % 4 === 2) await this.run(`RENAME ${name} Box${(pick + 1) % 3}`)
    else await this.run(`DELETE ${name}`)
  }

  /** Asks for what new messages look like, as clients do. */
  async learn(): Promise<void> {
    if (this.messages.some(({ uid, flags }) => uid === null || flags === null)) await this.run('FETCH 1:* (UID FLAGS)')
  }

  /** Runs a command; gives its status. */
  async run(command: string): Promise<string> {
    const tag = `t${++this.#tag}`
    const before = this.messages.length
    this.#connection.send(fromLatin1(`${tag} ${command}\r\n`))
    for (;;) {
      const end = this.#heard.indexOf('\r\n')
      if (end === -1) {
        if (this.#connection.closed) throw new Error(`closed at ${command}`)
        await this.#connection.output()
        this.#heard += latin1(this.#connection.take())
        continue
      }
      const line = this.#heard.slice(0, end)
      const literal = /\{(\d+)\}$/.exec(line)
      if (literal) {
        // Literals are of no interest here: what follows them belongs to the same response.
        this.#heard = `${line.slice(0, literal.index)}NIL${this.#heard.slice(end + 2 + Number(literal[1]))}`
        continue
      }
      this.#heard = this.#heard.slice(end + 2)
      const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
      // RFC 7162 §3.1.1: it never goes back.
      if (highest && Number(highest[1]) < this.#highest) throw new Error(`${line} after ${this.#highest} at ${command}`)
      if (highest) this.#highest = Number(highest[1])
      if (line.startsWith(`${tag} `)) {
        // Messages that others have expunged are there for whom has not been told (RFC 2180 §4.1.1, §4.2.1, §4.4.1).
        if (/^(UID )?(FETCH|STORE|SEARCH|COPY) /.test(command) && !line.startsWith(`${tag} OK`))
          throw new Error(`${line} at ${command}`)
        return line.slice(tag.length + 1)
      }
      if (/^SELECT /.test(command) && line.endsWith(' EXISTS')) {
        this.#selections++
        this.#mailbox = command.split(' ')[1] as string
      }
      if (this.#resync) this.#resync.push(line)
      else this.#hear(line, command, before)
    }
  }

  #hear(line: string, command: string, before: number): void {
    const exists = /^\* (\d+) EXISTS/.exec(line)
    if (exists) {
      const count = Number(exists[1])
      // RFC 9051 §7.4.1: EXISTS never tells of fewer.
      if (count < this.messages.length) throw new Error(`EXISTS ${count} of ${this.messages.length} at ${command}`)
      while (this.messages.length < count) this.messages.push({ uid: null, flags: null })
      return
    }
    const expunge = /^\* (\d+) EXPUNGE/.exec(line)
    if (expunge) {
      // RFC 9051 §7.5.1
      if (/^(FETCH|STORE|SEARCH)/.test(command)) throw new Error(`EXPUNGE during ${command}`)
      if (this.#qresync) throw new Error('EXPUNGE after ENABLE QRESYNC')
      if (Number(expunge[1]) > this.messages.length) throw new Error(`EXPUNGE of nothing at ${command}`)
      this.messages.splice(Number(expunge[1]) - 1, 1)
      return
    }
    const vanished = /^\* VANISHED (\S+)$/.exec(line)
    if (vanished) {
      if (/^(FETCH|STORE|SEARCH)/.test(command)) throw new Error(`VANISHED during ${command}`)
      const gone = vanished[1] as string
      const count = this.messages.length
      this.messages = this.messages.filter(({ uid }) => uid === null || !inSet(gone, uid))
      if (this.messages.some(({ uid }) => uid === null)) throw new Error('VANISHED before the UIDs were asked')
      if (this.messages.length === count) throw new Error(`VANISHED of nothing at ${command}`)
      return
    }
    const fetch = /^\* (\d+) FETCH \((.*)\)$/.exec(line)
    if (fetch) {
      const one = this.messages[Number(fetch[1]) - 1]
      if (!one) throw new Error(`FETCH of message ${fetch[1]} of ${before} at ${command}`)
      const uid = /UID (\d+)/.exec(fetch[2] as string)
      const flags = /FLAGS \(([^)]*)\)/.exec(fetch[2] as string)
      if (uid) {
        if (one.uid !== null && one.uid !== Number(uid[1]))
          throw new Error(`message ${fetch[1]} was UID ${one.uid}, now ${uid[1]}`)
        one.uid = Number(uid[1])
      }
      if (!flags) return
      const names = (flags[1] as string).split(' ')
      one.flags = names.filter((name) => name !== '\\Recent').join(' ')
      if (names.includes('\\Recent') && one.uid !== null && command !== 'resync') this.#noteRecent(one.uid)
    }
  }

  /** RFC 3501 §2.3.2: one session only is told that a message is recent. */
  #noteRecent(uid: number): void {
    const me = `${this.#name} in selection ${this.#selections}`
    const message = `${this.#mailbox} ${uid}`
    const first = this.#recent.get(message)
    if (first !== undefined && first !== me) throw new Error(`${message} is recent for ${me} and for ${first}`)
    this.#recent.set(message, me)
  }

  /** What a silent STORE did, as the client works it out. */
  assume(number: number, change: (flags: Set<string>) => void): void {
    const one = this.messages[number - 1]
    if (!one || one.flags === null) return
    const flags = new Set(one.flags.split(' ').filter((flag) => flag !== ''))
    change(flags)
    one.flags = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft']
      .filter((flag) => flags.has(flag))
      .join(' ')
  }
}

function inSet(set: string, uid: number): boolean {
  return set.split(',').some((one) => {
    const [lo, hi = lo] = one.split(':').map(Number)
    return uid >= (lo as number) && uid <= (hi as number)
  })
}

type Step = { readonly who: number; readonly kind: string; readonly pick: number; readonly flag: string }

const step = fc.record({
  who: fc.nat(2),
  kind: fc.constantFrom(
    'append',
    'store',
    'unstore',
    'silent',
    'expunge',
    'uid-expunge',
    'fetch',
    'body',
    'search',
    'noop',
    'move',
    'copy',
    'append-other',
    'elsewhere',
    'rename',
    'reselect',
    'resync',
  ),
  pick: fc.nat(20),
  flag: fc.constantFrom('\\Seen', '\\Flagged', '\\Deleted', '\\Answered'),
})

async function act(client: Client, { kind, pick, flag }: Step): Promise<void> {
  const count = client.messages.length
  const number = count === 0 ? 0 : (pick % count) + 1
  if (kind === 'append') await client.run('APPEND INBOX {9+}\r\nA: b\r\n\r\nx')
  else if (kind === 'noop') await client.run('NOOP')
  else if (kind === 'reselect') await client.select()
  else if (kind === 'resync') await client.resync()
  else if (kind === 'expunge') await client.run('EXPUNGE')
  else if (kind === 'append-other') await client.run('APPEND Other {9+}\r\nA: b\r\n\r\ny')
  else if (kind === 'elsewhere') await client.elsewhere()
  else if (kind === 'rename') await client.rename(pick)
  else if (number === 0) return
  else if (kind === 'store') await client.run(`STORE ${number} +FLAGS (${flag})`)
  else if (kind === 'unstore') await client.run(`STORE ${number}:* -FLAGS (${flag})`)
  else if (kind === 'uid-expunge') await client.run(`UID EXPUNGE ${client.messages[number - 1]?.uid ?? 1}:*`)
  else if (kind === 'fetch') await client.run(`FETCH ${number}:* (UID FLAGS)`)
  else if (kind === 'body') await client.run(`FETCH ${number} BODY[TEXT]<9.1>`)
  else if (kind === 'search') await client.run('SEARCH UNDELETED')
  else if (kind === 'move') await client.run(`MOVE ${number} Other`)
  else if (kind === 'copy') await client.run(`COPY ${number} INBOX`)
  else if (kind === 'silent') {
    const status = await client.run(`STORE ${number} +FLAGS.SILENT (${flag})`)
    if (status.startsWith('OK')) client.assume(number, (flags) => flags.add(flag))
  }
  await client.learn()
}

test('sessions agree with the store after NOOP, whatever was done in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), fc.boolean(), async (steps, trim) => {
      const made = testServer()
      for (let i = 0; i < 3; i++) await made.deliver(message('A: b', '', String(i)), { flags: i === 1 ? Flag.Seen : 0 })
      await made.deliver(message('A: b', '', 'x'), { path: ['Other'] })
      const recent = new Map<string, string>()
      const clients = ['a', 'b', 'c'].map((name) => new Client(made, name, name === 'b', recent))
      for (const client of clients) await client.open()
      for (const [i, one] of steps.entries()) {
        await act(clients[one.who] as Client, one)
        if (trim && i % 7 === 6) made.store.trimVanished('alice')
      }
      const account = await made.account()
      const inbox = (await account.mailboxes()).find(({ path }) => path[0] === 'INBOX')
      const truth: Believed[] = []
      for await (const rows of account.messages(inbox?.id as string, {})) {
        for (const { uid, flags } of rows) truth.push({ uid, flags: formatFlags(flags) })
      }
      for (const client of clients) {
        await client.run('NOOP')
        await client.learn()
        expect(client.messages).toEqual(truth)
      }
    }),
    { numRuns: 150 },
  )
})
