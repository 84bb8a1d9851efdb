/** A client that does anything at any time, and checks every word that it hears. */

import { openResponses, type Responses } from './responses.js'
import { type Believed, BelievedView, type Common, membersOf, sortFlags } from './view.js'

export interface StressOptions {
  readonly port: number
  readonly user: string
  /** Names of the mailboxes that this user shares with the other clients; the first one is worked in most. */
  readonly mailboxes: readonly string[]
  readonly mode: 'plain' | 'condstore' | 'qresync'
  /** A number below the limit. */
  readonly next: (below: number) => number
  readonly common: Common
  /** Who speaks, for stamps and errors. */
  readonly name: string
}

interface Running {
  readonly tag: string
  readonly command: string
}

/** During these nothing may be expunged (RFC 9051 §7.5.1). */
const KEEPS_NUMBERS = /^(FETCH|STORE|SEARCH) /
const FLAGS = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered', '\\Draft', '$Label', 'Work']

export class StressClient {
  readonly #options: StressOptions
  readonly view: BelievedView
  #responses: Responses | null = null
  #tags = 0
  #running: Running[] = []
  /** Untagged lines of a SELECT, which belong together. */
  #selecting: string[] | null = null
  /** Numbers of messages whose flags were told during the command in progress. */
  #flagsTold = new Set<number>()
  #stamps = 0
  /** The end of the conversation, for errors. */
  #history: string[] = []
  commands = 0

  constructor(options: StressOptions) {
    this.#options = options
    this.view = new BelievedView(options.common, options.name, options.mailboxes[0], options.mode === 'qresync')
  }

  async connect(): Promise<void> {
    const { port, user, mode } = this.#options
    this.#running = []
    this.#responses = await openResponses(port)
    await this.#hear()
    await this.run(`LOGIN ${user} secret`)
    if (mode === 'qresync') await this.run('ENABLE QRESYNC')
    else if (mode === 'condstore') await this.run('ENABLE CONDSTORE')
  }

  /** Does something. */
  async step(): Promise<void> {
    const { next } = this.#options
    const actions = this.view.messages.length === 0 ? EMPTY_ACTIONS : ACTIONS
    await actions[next(actions.length)](this, next)
    await this.learn()
  }

  /** Asks for what new messages are, as every client does. */
  async learn(): Promise<void> {
    const first = this.view.messages.findIndex(({ uid, flags }) => uid === null || flags === null)
    if (first !== -1) await this.run(`FETCH ${first + 1}:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])`)
  }

  /** Opens a mailbox with nothing known of it. */
  async select(mailbox: string): Promise<void> {
    await this.#open(mailbox, [], `SELECT "${mailbox}"${this.#options.mode === 'condstore' ? ' (CONDSTORE)' : ''}`)
    await this.learn()
  }

  /** Opens the mailbox again, with what was known of it. */
  async reselect(): Promise<void> {
    const { mailbox, messages, highest, uidValidity, qresync } = this.view
    if (!qresync || highest === 0 || messages.some(({ uid, flags }) => uid === null || flags === null))
      return this.select(mailbox)
    const known = this.#options.next(2) === 0 && messages.length > 0 ? ` 1:${messages.at(-1)?.uid}` : ''
    await this.#open(mailbox, messages, `SELECT "${mailbox}" (QRESYNC (${uidValidity} ${highest}${known}))`)
  }

  async #open(mailbox: string, known: readonly Believed[], command: string): Promise<void> {
    const before = known.length > 0 ? this.view.highest : 0
    this.view.forget(mailbox)
    const lines: string[] = []
    this.#selecting = lines
    await this.run(command)
    this.#selecting = null
    const validity = lines.map((line) => /\[UIDVALIDITY (\d+)\]/.exec(line)?.[1]).find((one) => one !== undefined)
    this.view.uidValidity = Number(validity)
    // RFC 7162 §3.2.5.2: a client that says what it knows hears of that only.
    const all = command.endsWith(`${this.view.uidValidity} ${before}))`)
    if (command.includes('(QRESYNC')) this.#check(() => this.view.resynchronize(known, lines, all))
    else for (const line of lines) this.#understand(line)
  }

  /** The connection is gone in the middle of something; another one takes over. */
  async lose(command: string): Promise<void> {
    this.#send(command)
    this.#responses?.drop()
    while ((await this.#responses?.next()) != null);
    this.#running = []
    await this.connect()
    await this.reselect()
  }

  async leave(): Promise<void> {
    await this.run('LOGOUT')
    this.#responses?.drop()
  }

  /** Sends commands at once; their answers come in order. Only NO is an answer beside OK. */
  async run(...commands: readonly string[]): Promise<string> {
    this.#flagsTold.clear()
    for (const command of commands) this.#send(command)
    let last = ''
    while (this.#running.length > 0) last = await this.#hear()
    return last
  }

  /** IDLE until something is told, or at once over. */
  async idle(): Promise<void> {
    this.#send('IDLE')
    while (!(await this.#hear()).startsWith('+'));
    if (this.#options.next(3) > 0) await Promise.race([this.#hear(), new Promise((resolve) => setTimeout(resolve, 5))])
    this.#responses?.write('DONE\r\n')
    while (this.#running.length > 0) await this.#hear()
  }

  #send(command: string): void {
    const tag = `${this.#options.name}${++this.#tags}`
    this.#running.push({ tag, command })
    this.#note(`C: ${tag} ${command}`)
    this.#responses?.write(`${tag} ${command}\r\n`)
    this.commands++
  }

  #pending: Promise<string> | null = null

  /** The next response. Two may wait for the same one. */
  #hear(): Promise<string> {
    this.#pending ??= this.#hearOne().finally(() => {
      this.#pending = null
    })
    return this.#pending
  }

  async #hearOne(): Promise<string> {
    const line = (await this.#responses?.next()) ?? null
    this.#note(`S: ${line}`)
    const [running] = this.#running
    if (line === null) return this.#fail('the server closed the connection')
    const highest = /\[HIGHESTMODSEQ (\d+)\]/.exec(line)
    if (line.startsWith('* ')) {
      if (highest) this.view.highestModSeq(Number(highest[1]))
      if (this.#selecting) this.#selecting.push(line)
      else this.#understand(line)
      return line
    }
    if (line.startsWith('+')) return line
    if (!running || !line.startsWith(`${running.tag} `)) return this.#fail(`not the tag expected: ${line}`)
    this.#running.shift()
    if (highest) this.view.highestModSeq(Number(highest[1]))
    const status = line.slice(running.tag.length + 1)
    // Who has not been told of an EXPUNGE still has the messages (RFC 9051 §7.5.1).
    const refusable = !/^(UID )?(FETCH|STORE|SEARCH|COPY) /.test(running.command)
    if (!status.startsWith('OK') && !(refusable && status.startsWith('NO')))
      return this.#fail(`${running.command}: ${status}`)
    return status
  }

  #note(line: string): void {
    this.#history.push(line.length > 300 ? `${line.slice(0, 300)}...` : line)
    if (this.#history.length > 250) this.#history.shift()
  }

  /** The end of the conversation. */
  get said(): string {
    return this.#history.join('\n')
  }

  #fail(what: string): never {
    return this.view.fail(`${what}\n${this.#history.join('\n')}`)
  }

  #understand(line: string): void {
    const numbered = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: \(([\s\S]*)\))?$/.exec(line)
    if (line.startsWith('* VANISHED (EARLIER)')) return this.#fail('VANISHED (EARLIER) without being asked')
    const vanished = line.startsWith('* VANISHED ')
    if (numbered?.[2] === 'EXPUNGE' || vanished) {
      if (this.#running.length === 0) this.#fail(`${line} without a command`)
      if (KEEPS_NUMBERS.test(this.#running[0].command)) this.#fail(line)
    }
    this.#check(() => {
      if (vanished) this.view.vanished(line.slice('* VANISHED '.length))
      else if (numbered?.[2] === 'EXISTS') this.view.exists(Number(numbered[1]))
      else if (numbered?.[2] === 'EXPUNGE') this.view.expunge(Number(numbered[1]))
      else if (numbered?.[2] === 'FETCH') {
        if (numbered[3].includes('FLAGS (')) this.#flagsTold.add(Number(numbered[1]))
        this.view.fetched(Number(numbered[1]), numbered[3])
      }
    })
    const listed = /^\* FLAGS \((.*)\)$/.exec(line)
    const recent = /^\* (\d+) RECENT$/.exec(line)
    this.#check(() => {
      if (listed) this.view.flagsListed(listed[1])
      if (recent) this.view.recent(Number(recent[1]))
    })
    const found = /^\* SEARCH((?: \d+)*)/.exec(line)
    if (found) this.#searched(found[1].split(' ').filter(Boolean).map(Number))
  }

  #check(what: () => void): void {
    try {
      what()
    } catch (error) {
      this.#fail((error as Error).message)
    }
  }

  #searched(found: readonly number[]): void {
    const command = this.#running[0]?.command ?? ''
    const known = new Set(this.view.messages.map(({ uid }) => uid))
    for (const one of found) {
      if (command.startsWith('UID')) {
        // What is new may be found before EXISTS tells of it.
        if (!known.has(one) && !known.has(null) && one < (this.view.messages.at(-1)?.uid ?? 0))
          this.#fail(`SEARCH found UID ${one}, which was expunged`)
      } else if (one > this.view.messages.length) this.#fail(`SEARCH found message ${one}`)
    }
  }

  /** A message of this client's own, unlike all others. */
  message(): { readonly stamp: string; readonly octets: string } {
    const stamp = `${this.#options.name}.${++this.#stamps}@stress.example`
    const octets = `Message-ID: <${stamp}>\r\nSubject: stress\r\n\r\n${'x'.repeat(this.#options.next(2000))}\r\n`
    return { stamp, octets }
  }

  anyMailbox(): string {
    const { mailboxes, next } = this.#options
    return mailboxes[next(mailboxes.length)]
  }

  anyNumber(): number {
    return 1 + this.#options.next(this.view.messages.length)
  }

  /** Some messages, by number; sometimes all, or those behind one. */
  anySet(): string {
    const one = this.anyNumber()
    const kind = this.#options.next(4)
    if (kind === 0) return `${one}:*`
    if (kind === 1) return `${one},${this.anyNumber()}`
    if (kind === 2) return `${one}:${this.anyNumber()}`
    return String(one)
  }

  anyUid(): number {
    return this.view.messages[this.anyNumber() - 1].uid ?? 1
  }

  /** STORE of one message without an answer: the client works out the flags itself. */
  async storeSilently(): Promise<void> {
    const number = this.anyNumber()
    const one = this.view.messages[number - 1]
    const flag = FLAGS[this.#options.next(FLAGS.length)]
    const add = this.#options.next(2) === 0
    const status = await this.run(`STORE ${number} ${add ? '+' : '-'}FLAGS.SILENT (${flag})`)
    if (!status.startsWith('OK') || one.flags === null || this.#flagsTold.has(number)) return
    const flags = new Set(one.flags.split(' '))
    if (add) flags.add(flag)
    else flags.delete(flag)
    one.flags = sortFlags([...flags].join(' '))
  }

  /** Notes what COPYUID or APPENDUID say: the copies are the same messages. */
  noteCopies(status: string, mailbox: string): void {
    const copied = /\[COPYUID \d+ (\S+) (\S+)\]/.exec(status)
    if (!copied) return
    const [from, to] = [membersOf(copied[1]), membersOf(copied[2])]
    if (from.length !== to.length) this.#fail(status)
    for (const [i, uid] of from.entries()) {
      const stamp = this.#options.common.stamps.get(`${this.view.mailbox} ${uid}`)
      if (stamp !== undefined) this.view.stamp(to[i], stamp, mailbox)
    }
  }
}

type Action = (client: StressClient, next: (below: number) => number) => Promise<unknown>

async function append(client: StressClient): Promise<void> {
  const { stamp, octets } = client.message()
  const mailbox = client.anyMailbox()
  const status = await client.run(`APPEND "${mailbox}" (\\Seen Work) {${octets.length}+}\r\n${octets}`)
  const uid = /\[APPENDUID \d+ (\d+)\]/.exec(status)
  if (uid) client.view.stamp(Number(uid[1]), stamp, mailbox)
}

async function appendTwo(client: StressClient): Promise<void> {
  const mailbox = client.anyMailbox()
  const [one, two] = [client.message(), client.message()]
  const status = await client.run(
    `APPEND "${mailbox}" {${one.octets.length}+}\r\n${one.octets} (\\Flagged) {${two.octets.length}+}\r\n${two.octets}`,
  )
  const uids = membersOf(/\[APPENDUID \d+ (\S+)\]/.exec(status)?.[1] ?? '')
  if (uids.length === 2) for (const [i, { stamp }] of [one, two].entries()) client.view.stamp(uids[i], stamp, mailbox)
}

async function copy(client: StressClient, verb: string, set: string): Promise<void> {
  const mailbox = client.anyMailbox()
  client.noteCopies(await client.run(`${verb} ${set} "${mailbox}"`), mailbox)
}

const anyFlags = (next: (below: number) => number): string =>
  Array.from({ length: 1 + next(2) }, () => FLAGS[next(FLAGS.length)]).join(' ')

const anyStore = (client: StressClient, next: (below: number) => number): string =>
  `STORE ${client.anySet()} ${['+', '-', ''][next(3)]}FLAGS (${anyFlags(next)})`

const EMPTY_ACTIONS: readonly Action[] = [
  append,
  append,
  appendTwo,
  (client) => client.idle(),
  (client) => client.run('NOOP'),
  (client) => client.reselect(),
  (client) => client.select(client.anyMailbox()),
]

const ACTIONS: readonly Action[] = [
  ...EMPTY_ACTIONS,
  append,
  (client) => client.run(`FETCH ${client.anySet()} (FLAGS)`),
  (client) => client.run(`FETCH ${client.anySet()} (UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])`),
  (client) => client.run(`UID FETCH ${client.anyUid()}:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])`),
  (client) => client.run(`FETCH ${client.anyNumber()} (ENVELOPE BODYSTRUCTURE RFC822.SIZE BODY[])`),
  (client) => client.run(`FETCH 1:* (UID)`, `FETCH ${client.anySet()} (FLAGS)`, 'SEARCH UNDELETED'),
  (client) => client.run(`UID FETCH 1:* (FLAGS)`, `UID SEARCH UNSEEN`, `UID FETCH ${client.anyUid()} (FLAGS)`),
  (client, next) => client.run(anyStore(client, next)),
  (client, next) => client.run(anyStore(client, next), anyStore(client, next)),
  (client, next) => client.run(`UID STORE ${client.anyUid()} ${next(2) ? '+' : '-'}FLAGS (${anyFlags(next)})`),
  (client) => client.storeSilently(),
  (client) => client.storeSilently(),
  (client) => client.run(`SEARCH OR SEEN FLAGGED`, `SEARCH NOT KEYWORD Work`),
  (client) => client.run(`UID SEARCH ${client.anySet()} DELETED`),
  (client) => copy(client, 'COPY', client.anySet()),
  (client) => copy(client, 'UID COPY', String(client.anyUid())),
  (client) => copy(client, 'MOVE', String(client.anyNumber())),
  (client) => copy(client, 'UID MOVE', String(client.anyUid())),
  (client) => client.run('EXPUNGE'),
  (client) => client.run(`UID EXPUNGE ${client.anyUid()}:*`),
  (client) => client.idle(),
  (client) => client.idle(),
  (client) => client.run('CHECK'),
  (client) => client.run(`STATUS "${client.anyMailbox()}" (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ)`),
  (client) => client.run('LIST "" *', 'NOOP'),
  (client) => client.run('UNSELECT').then(() => client.reselect()),
  (client) => client.run('CLOSE').then(() => client.select(client.view.mailbox)),
  (client) => client.lose(`FETCH 1:* (FLAGS BODY[])`),
  (client) => client.lose(`STORE ${client.anySet()} +FLAGS (\\Answered)`),
]
