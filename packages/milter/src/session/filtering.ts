/**
 * One SMTP session and its milter: what the milter knows, and what it has said.
 *
 * A milter that cannot be reached, or fails, is asked again at the next MAIL over a new connection, which is told the
 * client and its EHLO anew. What happens to the message in between is `whenDown`.
 */
import { type Reply, replies, type SmtpSession, type Transaction } from '@posthouse/smtp'
import { MilterError } from '../errors.js'
import type { MacroStage, MilterCommand, MilterVerdict } from '../syntax/index.js'
import { downReply, refusal } from './answers.js'
import type { MilterLimits } from './limits.js'
import type { Clock, MilterLink, TakeModification } from './link.js'
import { macrosFor } from './macros.js'
import type { MilterHandlerOptions } from './options.js'
import type { LinkPool } from './pool.js'

export interface FilterSetup {
  readonly options: MilterHandlerOptions
  readonly name: string
  readonly limits: MilterLimits
  readonly pool: LinkPool
}

type Command = Exclude<MilterCommand, { type: 'negotiate' }>

/** What is decided for the message at hand. `unfiltered`: the milter has failed, and the message goes through as it came. */
type Decision = 'open' | 'accepted' | 'unfiltered' | 'discarded' | Reply

const MACROS_AT: ReadonlyMap<string, MacroStage> = new Map([
  ['connect', 'connect'],
  ['helo', 'helo'],
  ['mail', 'mail'],
  ['rcpt', 'rcpt'],
  ['data', 'data'],
  ['end-of-header', 'end-of-header'],
  ['end-of-message', 'end-of-message'],
])

const CONTINUE: MilterVerdict = { type: 'continue' }

export class Filtering {
  /** Of the message at hand; `accepted` while there is none. */
  decision: Decision = 'accepted'
  /** The SASL mechanism of its login. */
  mechanism: string | null = null
  transaction: Transaction | null = null
  /** The milter wants to see nothing more of this session. */
  #passes = false
  #link: MilterLink | null = null
  /** The greeting that the milter has heard over it. */
  #greeted: string | null = null
  /** A message is open on the link. */
  #inMessage = false
  #asking = false
  #over = false
  readonly #setup: FilterSetup
  readonly #session: SmtpSession
  readonly #clock: Clock

  constructor(setup: FilterSetup, session: SmtpSession) {
    this.#setup = setup
    this.#session = session
    this.#clock = { now: () => session.now(), delay: (ms) => session.delay(ms) }
  }

  /** True while the milter wants to see more of the message. */
  get open(): boolean {
    return this.#inMessage && this.decision === 'open'
  }

  get leadingSpace(): boolean {
    return this.#link?.options.leadingSpace ?? false
  }

  /** A client has connected. A milter that is down is said at MAIL: `connect` refuses only clients. */
  async connect(): Promise<Reply | undefined> {
    try {
      const verdict = await this.#introduce()
      if (verdict.type === 'accept') this.#pass()
      return refusal(verdict, true) ?? undefined
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  async greet(name: string): Promise<Reply | undefined> {
    // Where the greeting is refused in the end, the message goes on (RFC 5321 §4.1.4), and must not go past the milter.
    const { decision } = this
    this.abort()
    this.decision = decision === 'open' ? replies.localProblem() : decision
    if (!this.#link || this.#passes) return undefined
    try {
      const verdict = await this.#greetAs(name)
      if (verdict.type === 'accept') this.#pass()
      return refusal(verdict) ?? undefined
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  /** MAIL: begins a message, over a new connection where the old one is lost. */
  async mail(transaction: Transaction, args: readonly string[]): Promise<Reply | undefined> {
    this.abort()
    this.transaction = transaction
    if (this.#passes || this.#setup.options.exempt?.(this.#session)) return undefined
    return this.#guard(async () => {
      const early = await this.#bringUpToDate()
      if (early || this.#passes) return early
      this.decision = 'open'
      this.#inMessage = true
      return this.#decide(await this.#ask({ type: 'mail', args }))
    })
  }

  async rcpt(args: readonly string[], recipient: { address: string; domain: string }): Promise<Reply | undefined> {
    return this.#guard(async () => {
      const verdict = await this.#ask({ type: 'rcpt', args }, { recipient })
      // A refusal is for this recipient alone.
      return refusal(verdict) ?? this.#decide(verdict)
    })
  }

  /** Any further step of the message. */
  async step(command: Command, take?: TakeModification): Promise<Reply | undefined> {
    return this.#guard(async () => this.#decide(await this.#ask(command, { ...(take && { take }) })))
  }

  /** A step that may be answered with `skip`: true when nothing more of that kind is to be sent. */
  async body(octets: Uint8Array): Promise<boolean> {
    let skips = false
    await this.#guard(async () => {
      const verdict = await this.#ask({ type: 'body', octets })
      skips = verdict.type === 'skip'
      return this.#decide(verdict)
    })
    return skips
  }

  /** The message at hand is over, one way or the other. */
  abort(): void {
    if (this.#inMessage && this.decision === 'open' && this.#link) {
      if (this.#asking) this.#drop()
      // Nobody answers it: nothing to wait for.
      else this.#link.ask({ type: 'abort' }, this.#clock).catch((error: unknown) => this.#failed(error))
    }
    this.done()
  }

  /** The message is refused here, whatever the milter says. */
  refuse(said: Reply): void {
    this.abort()
    this.decision = said
  }

  /** The milter has heard the end of the message. */
  done(): void {
    this.#inMessage = false
    this.decision = 'accepted'
    this.transaction = null
  }

  /** The session is over. */
  close(): void {
    this.#over = true
    if (!this.#link) return
    if (this.#asking) return this.#drop()
    this.abort()
    this.#giveBack()
  }

  /** Tells a milter who the client is. A connection that has been waiting may be stale: then it is a new one. */
  async #introduce(): Promise<MilterVerdict> {
    const { pool } = this.#setup
    this.#use(await pool.take(this.#clock))
    try {
      return await this.#ask(this.#connectCommand())
    } catch (error) {
      if (!(error instanceof MilterError) || error.code !== 'lost' || !this.#link?.used) throw error
      this.#use(await pool.open(this.#clock))
      return this.#ask(this.#connectCommand())
    }
  }

  /** For a milter that was down, or has heard a greeting that was refused in the end (RFC 5321 §4.1.4). */
  async #bringUpToDate(): Promise<Reply | undefined> {
    const { helo } = this.#session
    let verdict = this.#link ? CONTINUE : await this.#introduce()
    if (verdict.type === 'continue' && helo !== null && helo !== this.#greeted) verdict = await this.#greetAs(helo)
    if (verdict.type === 'accept') this.#pass()
    return refusal(verdict) ?? undefined
  }

  #greetAs(name: string): Promise<MilterVerdict> {
    this.#greeted = name
    return this.#ask({ type: 'helo', name })
  }

  #use(link: MilterLink): void {
    if (this.#over) {
      link.destroy()
      throw new MilterError('lost', 'the client has gone')
    }
    this.#link = link
    this.#greeted = null
  }

  async #ask(
    command: Command,
    more: { recipient?: { address: string; domain: string }; take?: TakeModification } = {},
  ): Promise<MilterVerdict> {
    const link = this.#link
    if (!link) throw new MilterError('lost', 'no connection')
    const stage = MACROS_AT.get(command.type)
    const context = {
      session: this.#session,
      transaction: this.transaction,
      recipient: more.recipient ?? null,
      mechanism: this.mechanism,
    }
    const macros = stage ? macrosFor(stage, link.options.macros, context, this.#setup.options.macro) : []
    this.#asking = true
    try {
      return await link.ask(command, this.#clock, macros, more.take)
    } finally {
      this.#asking = false
    }
  }

  /** Remembers what a verdict means for the message; a reply when it refuses it. */
  #decide(verdict: MilterVerdict): Reply | undefined {
    const refused = refusal(verdict)
    if (refused) this.decision = refused
    else if (verdict.type === 'accept') this.decision = 'accepted'
    else if (verdict.type === 'discard') this.decision = 'discarded'
    return refused ?? undefined
  }

  /** Runs steps of a message; a milter that fails decides it by `whenDown`. */
  async #guard(run: () => Promise<Reply | undefined>): Promise<Reply | undefined> {
    try {
      return await run()
    } catch (error) {
      // An error of the application's own (`macro`) is no way past the milter, whatever `whenDown` says.
      const down = error instanceof MilterError
      const said = down ? downReply(this.#setup.options.whenDown ?? 'tempfail') : replies.localProblem()
      this.decision = said ?? 'unfiltered'
      this.#failed(error)
      return said ?? undefined
    }
  }

  /** Nothing of this session needs to be seen any more. */
  #pass(): void {
    this.#passes = true
    this.#giveBack()
  }

  #giveBack(): void {
    if (this.#link) this.#setup.pool.give(this.#link, this.#session.now())
    this.#link = null
  }

  #drop(): void {
    this.#link?.destroy()
    this.#link = null
  }

  #failed(error: unknown): void {
    this.#drop()
    this.#inMessage = false
    if (!(error instanceof MilterError)) throw error
    if (this.#over) return
    const { name } = this.#setup
    this.#session.log({ level: 'warn', event: 'milter.failed', milter: name, code: error.code, message: error.message })
  }

  #connectCommand(): Command {
    const { remote, remoteName } = this.#session
    const hostname = remoteName ?? `[${remote.address === '' ? 'unknown' : remote.address}]`
    const family = remote.address === '' ? 'unknown' : remote.address.includes(':') ? 'inet6' : 'inet'
    return { type: 'connect', hostname, family, port: remote.port, address: remote.address }
  }
}
