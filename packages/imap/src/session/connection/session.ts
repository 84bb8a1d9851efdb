/** The face of a connection that commands see. */
import type { LogEvent, SaslContext } from '@posthouse/wire'
import { bad, Refusal } from '../../syntax/status.js'
import { capabilities } from '../capabilities.js'
import type { ImapSession } from '../session.js'
import { synchronize } from '../view/synchronize.js'
import { createWatcher, type Watcher } from '../view/watcher.js'
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

/** `lost`: a push has failed because of this. */
export function createSession(connection: ConnectionState, lost: (error: unknown) => void): ImapSession {
  const { server, link, out, engine, pushes } = connection
  const { limits } = server

  function watch(): Watcher {
    connection.watcher ??= createWatcher(session, (mailbox, modseq) => {
      const { view } = connection
      if (view && (mailbox === undefined || mailbox === view.id)) view.touch(mailbox ? modseq : undefined)
    })
    return connection.watcher
  }

  function sasl(): SaslContext {
    const { allowInsecureAuth } = server
    const secure =
      link.tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && link.loopback)
    return { service: 'imap', tls: link.tls, secure, remote: link.remote, signal: link.signal }
  }

  const session: ImapSession = {
    server,
    link,
    limits,
    out,
    get state() {
      return connection.state
    },
    get tag() {
      return connection.tag
    },
    get parts() {
      return connection.parts
    },
    get identity() {
      return connection.identity
    },
    get account() {
      if (!connection.account) throw new Refusal(bad('Log in first'))
      return connection.account
    },
    get view() {
      if (!connection.view) throw new Refusal(bad('Select a mailbox first'))
      return connection.view
    },
    get selected() {
      return connection.view
    },
    get enabled() {
      return connection.enabled
    },
    get client() {
      return connection.client
    },
    get values() {
      return connection.values
    },
    get utf8() {
      return out.utf8
    },
    capabilities: () => capabilities(session),
    log: (event) => server.log({ ...event, connection: link.id } as LogEvent),
    sasl,
    loginFailed() {
      if (++connection.failures >= limits.authFailures) connection.ending = true
      return connection.failures
    },
    async open(name, principal) {
      const account = await server.openAccount(name, principal)
      connection.account = account
      connection.identity = { account: name, principal }
      connection.parts = server.partsFor(account)
      connection.state = 'authenticated'
      engine.authenticated = true
      connection.mistakes = 0
      link.deadline(0)
      link.idleTimeout(limits.idle)
    },
    async leave() {
      await forgetLogin(connection)
      connection.state = 'not-authenticated'
      engine.authenticated = false
      connection.parts = server.partsFor(null)
      connection.enabled = new Set()
      connection.values = new Map()
      connection.identity = null
      out.utf8 = false
      link.deadline(limits.loginTime)
    },
    select(next) {
      connection.view?.release()
      connection.view = next
      connection.state = next ? 'selected' : 'authenticated'
      if (next) watch()
    },
    enable(word) {
      if (connection.enabled.has(word)) return false
      // Only once it has worked: what is enabled must not be refused behind it.
      const applied = connection.parts.enables.get(word)?.apply?.(session)
      const note = (): boolean => {
        connection.enabled.add(word)
        return true
      }
      return applied ? applied.then(note) : note()
    },
    identify(told) {
      connection.client = told
    },
    flush() {
      if (out.length > 0) engine.send({ type: 'untagged', bytes: out.take() })
      return link.flush()
    },
    flushMuch() {
      return out.length >= limits.outputBatch ? session.flush() : undefined
    },
    synchronize: (expunges, how) =>
      connection.view ? synchronize(session, connection.view, expunges, how) : Promise.resolve(),
    touch: (modseq) => connection.view?.touch(modseq),
    watch: (listener) => watch().listen(listener),
    push(task) {
      pushes.push(async () => {
        if (link.signal.aborted || connection.state === 'logout') return
        try {
          await task()
          const slow = session.flush()
          if (slow) await slow
        } catch (error) {
          lost(error)
        }
      })
    },
    logout() {
      connection.state = 'logout'
      connection.ending = true
    },
    startTls: () => link.startTls(),
    compress: () => link.compress(),
  }
  return session
}
