/** One connection: the engine's events to commands, what they say back to the engine. */
import { type Account, isStoreError } from '@posthouse/store-api'
import type { CloseReason, Identity, Link, LogEvent, MaybePromise, SaslContext, Session } from '@posthouse/wire'
import { createImapEngine, type ImapEngine } from '../engine/engine.js'
import type { CommandText, ImapEvent } from '../engine/events.js'
import type { SessionState } from '../engine/states.js'
import { Cursor } from '../syntax/cursor.js'
import { SyntaxFault } from '../syntax/fault.js'
import { bad, no, Refusal, type Status, storeRefusal } from '../syntax/status.js'
import { ResponseWriter } from '../syntax/writer.js'
import { capabilities } from './capabilities.js'
import type { Command, Prompt, Upload } from './extension.js'
import type { ImapSession, ServerSetup } from './session.js'
import type { MailboxView } from './view/mailbox-view.js'
import { synchronize } from './view/synchronize.js'
import { createWatcher, type Watcher } from './view/watcher.js'

/** Makes the engine and the session of a new connection. */
export function createConnection(
  server: ServerSetup,
  link: Link,
): { readonly engine: ImapEngine; readonly session: Session<ImapEvent> } {
  const { limits } = server
  const out = new ResponseWriter()
  let parts = server.partsFor(null)
  const engine = createImapEngine({ limits, messageArgument: (name) => parts.commands.get(name)?.leading })
  let state: SessionState = 'not-authenticated'
  let identity: Identity | null = null
  let account: Account | null = null
  let view: MailboxView | null = null
  let enabled = new Set<string>()
  let client: ReadonlyMap<string, string> = new Map()
  let values = new Map<string, unknown>()
  let watcher: Watcher | null = null
  let tag = ''
  let failures = 0
  let mistakes = 0
  let ending = false
  let running: Command | null = null
  let prompt: Prompt | null = null
  let upload: Upload | null = null
  /** A message could not be taken; its octets are read all the same, and then this is the answer. */
  let uploadRefusal: Status | null = null

  const session: ImapSession = {
    server,
    link,
    limits,
    out,
    get state() {
      return state
    },
    get tag() {
      return tag
    },
    get parts() {
      return parts
    },
    get identity() {
      return identity
    },
    get account() {
      if (!account) throw new Refusal(bad('Log in first'))
      return account
    },
    get view() {
      if (!view) throw new Refusal(bad('Select a mailbox first'))
      return view
    },
    get selected() {
      return view
    },
    get enabled() {
      return enabled
    },
    get client() {
      return client
    },
    get values() {
      return values
    },
    get utf8() {
      return out.utf8
    },
    capabilities: () => capabilities(session),
    log: (event) => server.log({ ...event, connection: link.id } as LogEvent),
    sasl,
    loginFailed() {
      if (++failures >= limits.authFailures) ending = true
    },
    async open(name, principal) {
      account = await server.openAccount(name, principal)
      identity = { account: name, principal }
      parts = server.partsFor(account)
      state = 'authenticated'
      engine.authenticated = true
      mistakes = 0
      link.deadline(0)
      link.idleTimeout(limits.idle)
    },
    async leave() {
      await forget()
      state = 'not-authenticated'
      engine.authenticated = false
      parts = server.partsFor(null)
      enabled = new Set()
      values = new Map()
      out.utf8 = false
      identity = null
      link.deadline(limits.loginTime)
    },
    select(next) {
      view = next
      state = next ? 'selected' : 'authenticated'
      if (next) watch()
    },
    enable(word) {
      if (enabled.has(word)) return false
      enabled.add(word)
      const applied = parts.enables.get(word)?.apply?.(session)
      return applied ? applied.then(() => true) : true
    },
    identify(told) {
      client = told
    },
    flush() {
      if (out.length > 0) engine.send({ type: 'untagged', bytes: out.take() })
      return link.flush()
    },
    flushMuch() {
      return out.length >= limits.outputBatch ? session.flush() : undefined
    },
    synchronize: (expunges) => (view ? synchronize(session, view, expunges) : Promise.resolve()),
    touch: (modseq) => view?.touch(modseq),
    watch: (listener) => watch().listen(listener),
    logout() {
      state = 'logout'
      ending = true
    },
    startTls: () => link.startTls(),
    compress: () => link.compress(),
  }

  function watch(): Watcher {
    watcher ??= createWatcher(session, (mailbox, modseq) => {
      if (view && (mailbox === undefined || mailbox === view.id)) view.touch(mailbox ? modseq : undefined)
    })
    return watcher
  }

  function sasl(): SaslContext {
    const { allowInsecureAuth } = server
    const secure =
      link.tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && link.loopback)
    return { service: 'imap', tls: link.tls, secure, remote: link.remote, signal: link.signal }
  }

  async function forget(): Promise<void> {
    watcher?.stop()
    watcher = null
    prompt?.cancel?.()
    upload?.abort()
    prompt = upload = view = null
    const closing = account
    account = null
    await closing?.close?.()
  }

  function cursorFor({ bytes, at }: CommandText): Cursor {
    const inside = state !== 'not-authenticated'
    return new Cursor(bytes, at, {
      depth: inside ? limits.depth : limits.loginDepth,
      items: inside ? limits.items : limits.loginItems,
    })
  }

  /** What an error of a command is answered with. A response that it interrupted is taken back. */
  function statusOf(error: unknown): Status {
    if (!out.discardLine()) link.abort('a response could not be finished')
    if (error instanceof Refusal) return error.reply
    if (error instanceof SyntaxFault) return bad(error.message)
    if (isStoreError(error)) {
      if (error.code === 'unavailable') session.log({ level: 'error', event: 'store.failed', error })
      return storeRefusal(error.code)
    }
    session.log({ level: 'error', event: 'command.failed', command: running?.name, error })
    return no('Something went wrong here', 'SERVERBUG')
  }

  function command(event: CommandText): MaybePromise<void> {
    tag = event.tag
    const found = parts.commands.get(event.name)
    if (!found) return mistake('Unknown command')
    if (!found.states.includes(state)) return mistake(`${event.name} is not possible now`)
    running = found
    if (found.upload) return mistake('Message expected')
    try {
      const cursor = cursorFor(event)
      const args = found.parse(cursor, session)
      cursor.end()
      return conclude(found.run(session, args))
    } catch (error) {
      return conclude(statusOf(error))
    }
  }

  function conclude(result: MaybePromise<Status | Prompt>): MaybePromise<void> {
    if (result instanceof Promise) return result.then(settle, (error: unknown) => settle(statusOf(error)))
    return settle(result)
  }

  function settle(result: Status | Prompt): MaybePromise<void> {
    if (!('prompt' in result)) return finish(result)
    prompt = result
    if (out.length > 0) engine.send({ type: 'untagged', bytes: out.take() })
    engine.send({ type: 'prompt', bytes: out.text('+ ').line(result.prompt).take() })
  }

  /** Tells of changes, then ends the command. */
  function finish(status: Status): MaybePromise<void> {
    const updates = running?.updates ?? 'all'
    if (view && updates !== 'none' && (view.dirty || running?.checkpoint || !account?.watch)) {
      return synchronize(session, view, updates === 'all').then(
        () => end(status),
        (error: unknown) => lostMailbox(error, status),
      )
    }
    end(status)
  }

  /** RFC 9051 §7.1: a mailbox that is gone while it is selected. */
  function lostMailbox(error: unknown, status: Status): void {
    if (!isStoreError(error) || error.code !== 'nonexistent') return end(statusOf(error))
    out.line('* BYE The selected mailbox was deleted')
    ending = true
    end(status)
  }

  function end({ status, code, text }: Status): void {
    running = null
    if (status === 'BAD' && ++mistakes > (identity ? limits.badCommands : limits.loginBadCommands)) {
      out.line('* BYE Too many mistakes')
      ending = true
    } else if (ending && state !== 'logout' && state === 'not-authenticated') {
      out.line('* BYE Too many failed logins')
    }
    out.text(`${tag} ${status} `)
    if (code !== null) out.text(`[${code}] `)
    engine.send({ type: 'completion', bytes: out.line(text).take() })
    if (engine.state === 'closed') ending = true
    if (ending) close()
  }

  function close(): void {
    engine.close()
    link.close()
  }

  function mistake(text: string): void {
    running = null
    end(bad(text))
  }

  function refused(event: Extract<ImapEvent, { type: 'refused' }>): void {
    upload?.abort()
    upload = null
    tag = event.tag ?? '*'
    if (!event.fatal) return mistake(event.text)
    session.log({ level: 'warn', event: 'protocol.violation', message: event.text })
    if (event.tag !== null) out.line(`${tag} BAD ${event.text}`)
    engine.send({ type: 'completion', bytes: out.line(`* BYE ${event.text}`).take() })
    close()
  }

  function line(bytes: Uint8Array | null): MaybePromise<void> {
    const asked = prompt as Prompt
    prompt = null
    try {
      return conclude(asked.line(bytes))
    } catch (error) {
      return conclude(statusOf(error))
    }
  }

  async function literalStart(event: Extract<ImapEvent, { type: 'literal-start' }>): Promise<void> {
    tag = event.tag
    if (!upload) {
      const found = parts.commands.get(event.name)
      running = found ?? null
      if (!found?.upload || !found.states.includes(state)) return mistake(`${event.name} is not possible now`)
      upload = found.upload(session, tag)
      uploadRefusal = null
    }
    try {
      if (uploadRefusal) throw new Refusal(uploadRefusal)
      // RFC 7888 §5: LITERAL- does without waiting for small literals only.
      if (!event.sync && event.size > 4096 && parts.names.has('LITERAL-') && !parts.names.has('LITERAL+')) {
        throw new Refusal(bad('Literals above 4096 octets must be synchronising', 'TOOBIG'))
      }
      await upload.literal(cursorFor(event), event)
    } catch (error) {
      upload.abort()
      upload = null
      return finish(statusOf(error))
    }
    engine.send({ type: 'accept' })
  }

  /** Runs a step of an upload; what goes wrong is told at its end. */
  function uploading(step: () => MaybePromise<void>): MaybePromise<void> {
    if (uploadRefusal) return
    const fail = (error: unknown): void => {
      uploadRefusal = statusOf(error)
    }
    try {
      const wait = step()
      return wait ? wait.catch(fail) : undefined
    } catch (error) {
      fail(error)
    }
  }

  async function commandEnd(event: CommandText): Promise<void> {
    const taking = upload as Upload
    upload = null
    let status = uploadRefusal
    try {
      status ??= await taking.finish(cursorFor(event))
    } catch (error) {
      status = statusOf(error)
    }
    if (status.status !== 'OK') taking.abort()
    return finish(status)
  }

  function handle(event: ImapEvent): MaybePromise<void> {
    switch (event.type) {
      case 'command':
        return command(event)
      case 'line':
        return line(event.line)
      case 'literal-start':
        return literalStart(event)
      case 'message-bytes':
        return uploading(() => upload?.write(event.bytes))
      case 'literal-end':
        return uploading(() => upload?.literalEnd())
      case 'command-end':
        return commandEnd(event)
      case 'refused':
        return refused(event)
    }
  }

  function bye(text: string): void {
    engine.send({ type: 'untagged', bytes: out.line(`* BYE ${text}`).take() })
    engine.close()
  }

  return {
    engine,
    session: {
      start() {
        link.deadline(limits.loginTime)
        if (link.upgraded) return
        const words = session.capabilities().join(' ')
        engine.send({
          type: 'untagged',
          bytes: out.line(`* OK [CAPABILITY ${words}] ${server.hostname} ready`).take(),
        })
      },
      handle,
      timedOut: () => bye('Idle for too long'),
      shutdown() {
        bye('The server is going down')
        link.close()
      },
      failed: () => bye('Something went wrong here'),
      closed(_reason: CloseReason) {
        return forget()
      },
    },
  }
}
