/** The face of a connection that commands see. */
import type { Account, ModSeq } from '@posthouse/store-api'
import type { Identity, Link, LogEvent, MaybePromise, SaslContext } from '@posthouse/wire'
import type { ImapLimits } from '../../engine/limits.js'
import type { SessionState } from '../../engine/states.js'
import { bad, no, Refusal } from '../../syntax/status.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import { capabilities } from '../capabilities.js'
import { nextTurn, TURN } from '../next-turn.js'
import type { Parts } from '../parts.js'
import type { ImapSession, ServerSetup } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { type SynchronizeOptions, synchronize } from '../view/synchronize.js'
import { createWatcher, type HintListener, type Watcher } from '../view/watcher.js'
import type { ConnectionState } from './state.js'

/** Lets go of everything that belongs to a login. */
export async function forgetLogin(connection: ConnectionState): Promise<void> {
  const { watcher, prompt, account, view } = connection
  connection.watcher = connection.prompt = connection.view = connection.account = null
  watcher?.stop()
  prompt?.cancel?.()
  view?.release()
  await account?.close?.()
}

/**
 * The session of a connection. A class, because every idle connection has one: an object of closures and accessors
 * takes 5 KB more.
 */
export class ConnectionSession implements ImapSession {
  readonly server: ServerSetup
  readonly link: Link
  readonly limits: ImapLimits
  readonly out: ResponseWriter
  readonly #connection: ConnectionState
  readonly #lost: (error: unknown) => void
  /** When others had their turn. */
  #turn = 0

  /** `lost`: a push has failed because of this. */
  constructor(connection: ConnectionState, lost: (error: unknown) => void) {
    this.#connection = connection
    this.#lost = lost
    this.server = connection.server
    this.link = connection.link
    this.limits = connection.server.limits
    this.out = connection.out
  }

  get state(): SessionState {
    return this.#connection.state
  }

  get tag(): string {
    return this.#connection.tag
  }

  get parts(): Parts {
    return this.#connection.parts
  }

  get identity(): Identity | null {
    return this.#connection.identity
  }

  get account(): Account {
    const { account } = this.#connection
    if (!account) throw new Refusal(bad('Log in first'))
    return account
  }

  get view(): MailboxView {
    const { view } = this.#connection
    if (!view) throw new Refusal(bad('Select a mailbox first'))
    return view
  }

  get selected(): MailboxView | null {
    return this.#connection.view
  }

  get enabled(): Set<string> {
    return this.#connection.enabled
  }

  get client(): ReadonlyMap<string, string> {
    return this.#connection.client
  }

  get values(): Map<string, unknown> {
    return (this.#connection.values ??= new Map())
  }

  get utf8(): boolean {
    return this.out.utf8
  }

  capabilities(): readonly string[] {
    return capabilities(this)
  }

  log(event: Omit<LogEvent, 'connection'>): void {
    this.server.log({ ...event, connection: this.link.id } as LogEvent)
  }

  sasl(): SaslContext {
    const { link } = this
    const { allowInsecureAuth } = this.server
    const secure =
      link.tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && link.loopback)
    return { service: 'imap', tls: link.tls, secure, remote: link.remote, signal: link.signal }
  }

  loginFailed(): number {
    const connection = this.#connection
    if (++connection.failures >= this.limits.authFailures) connection.ending = true
    return connection.failures
  }

  async open(name: string, principal: string): Promise<void> {
    const connection = this.#connection
    const account = await this.server.openAccount(name, principal)
    // The client has gone meanwhile: what the connection had was let go without this.
    if (this.link.signal.aborted) return account.close?.()
    connection.account = account
    connection.identity = { account: name, principal }
    connection.parts = this.server.partsFor(account)
    connection.state = 'authenticated'
    connection.engine.authenticated = true
    connection.mistakes = 0
    this.link.deadline(0)
    this.link.idleTimeout(this.limits.idle)
  }

  async leave(): Promise<void> {
    const connection = this.#connection
    await forgetLogin(connection)
    connection.state = 'not-authenticated'
    connection.engine.authenticated = false
    connection.parts = this.server.partsFor(null)
    connection.enabled = new Set()
    connection.values = null
    connection.identity = null
    this.out.utf8 = false
    this.link.deadline(this.limits.loginTime)
  }

  select(next: MailboxView | null): void {
    const connection = this.#connection
    connection.view?.release()
    // The client has gone meanwhile: nobody would release it.
    if (next && this.link.signal.aborted) {
      connection.view = null
      next.release()
      throw new Refusal(no('The connection is gone', 'UNAVAILABLE'))
    }
    connection.view = next
    connection.state = next ? 'selected' : 'authenticated'
    if (next) this.#watcher()
  }

  enable(word: string): MaybePromise<boolean> {
    const { enabled, parts } = this.#connection
    if (enabled.has(word)) return false
    // Only once it has worked: what is enabled must not be refused behind it.
    const applied = parts.enables.get(word)?.apply?.(this)
    const note = (): boolean => {
      this.enabled.add(word)
      return true
    }
    return applied ? applied.then(note) : note()
  }

  imply(word: string, line: string | null): void {
    const { enabled, out } = this
    if (enabled.has(word)) return
    enabled.add(word)
    this.#connection.implied = { word, place: out.place }
    if (line !== null) out.line(line)
  }

  identify(told: ReadonlyMap<string, string>): void {
    this.#connection.client = told
  }

  flush(): void | Promise<void> {
    this.#sendWritten()
    return this.link.flush()
  }

  #sendWritten(): void {
    const { out } = this
    if (out.length > 0) this.#connection.engine.send({ type: 'untagged', bytes: out.take() })
  }

  flushMuch(): void | Promise<void> {
    return this.out.length >= this.limits.outputBatch ? (this.flush() ?? this.pause()) : undefined
  }

  pause(): void | Promise<void> {
    // The time of day may be set back.
    if (Math.abs(this.link.now() - this.#turn) >= TURN) return this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    await nextTurn()
    this.#turn = this.link.now()
  }

  pass(octets: Uint8Array): void | Promise<void> {
    if (octets.length < this.limits.outputBatch) {
      this.out.octets(octets)
      return this.flushMuch()
    }
    this.#sendWritten()
    this.#connection.engine.send({ type: 'untagged', bytes: octets })
    const slow = this.link.flush()
    return slow ? slow.then(() => this.link.sent()) : (this.link.sent() ?? this.pause())
  }

  synchronize(expunges: boolean, how?: SynchronizeOptions): Promise<void> {
    const { view } = this.#connection
    return view ? synchronize(this, view, expunges, how) : Promise.resolve()
  }

  touch(modseq?: ModSeq): void {
    this.#connection.view?.touch(modseq)
  }

  watch(listener: HintListener): () => void {
    return this.#watcher().listen(listener)
  }

  #watcher(): Watcher {
    const connection = this.#connection
    connection.watcher ??= createWatcher(this, (mailbox, modseq) => {
      const { view } = connection
      if (view && (mailbox === undefined || mailbox === view.id)) view.touch(mailbox ? modseq : undefined)
    })
    return connection.watcher
  }

  push(task: () => Promise<void>): void {
    const connection = this.#connection
    connection.pushes.push(async () => {
      if (this.link.signal.aborted || connection.state === 'logout') return
      try {
        await task()
        const slow = this.flush()
        if (slow) await slow
      } catch (error) {
        this.#lost(error)
      }
    })
  }

  logout(): void {
    this.#connection.state = 'logout'
    this.#connection.ending = true
  }

  startTls(): void {
    this.link.startTls()
  }

  compress(): void {
    this.link.compress()
  }
}
