/** One connection: the engine's events to commands, what they say back to the engine. */
import type { CloseReason, Link, MaybePromise, Session } from '@posthouse/wire'
import type { ImapEngine } from '../../engine/engine.js'
import type { ImapEvent } from '../../engine/events.js'
import type { ImapSession, ServerSetup } from '../session.js'
import { createCommands } from './commands.js'
import { ConnectionSession, forgetLogin } from './session.js'
import { closeConnection, GOING_DOWN, openConnection } from './state.js'
import { createUploads, type Uploads } from './uploads.js'

/** Makes the engine and the session of a new connection. */
export function createConnection(
  server: ServerSetup,
  link: Link,
): { readonly engine: ImapEngine; readonly session: Session<ImapEvent> } {
  const connection = openConnection(server, link)
  const { engine, out, pushes } = connection
  const commands = createCommands(connection, () => session)
  const session: ImapSession = new ConnectionSession(connection, commands.pushFailed)
  /** Most connections never upload anything. */
  let begun: Uploads | null = null

  function uploads(): Uploads {
    begun ??= createUploads(connection, commands, () => session)
    return begun
  }

  function refused(event: Extract<ImapEvent, { type: 'refused' }>): void {
    begun?.abort()
    connection.tag = event.tag ?? '*'
    if (!event.fatal) return commands.mistake(event.text)
    session.log({ level: 'warn', event: 'protocol.violation', message: event.text })
    if (event.tag !== null) out.line(`${event.tag} BAD ${event.text}`)
    engine.send({ type: 'completion', bytes: out.line(`* BYE ${event.text}`).take() })
    closeConnection(connection)
  }

  function handle(event: ImapEvent): MaybePromise<void> {
    // Nothing is begun while something else is being said.
    if (pushes.running) return pushes.running.then(() => handle(event))
    pushes.hold()
    switch (event.type) {
      case 'command':
        return commands.command(event)
      case 'line':
        return commands.line(event.line)
      case 'literal-start':
        return uploads().literalStart(event)
      case 'message-bytes':
        return uploads().bytes(event.bytes)
      case 'literal-end':
        return uploads().literalEnd()
      case 'command-end':
        return uploads().commandEnd(event)
      case 'refused':
        return refused(event)
    }
  }

  /** The connection is over. What is cut off may be a literal: what stands behind it would be a part of it. */
  function bye(text: string): void {
    if (out.discardLine()) engine.send({ type: 'untagged', bytes: out.line(`* BYE ${text}`).take() })
    engine.close()
  }

  function shutdown(): void {
    // A response in progress comes to its end, and so does the push or the command that gives it.
    if (out.inResponse && pushes.running) {
      pushes.hold()
      return void pushes.running.then(shutdown)
    }
    if (out.inResponse) connection.goingDown = true
    else bye(GOING_DOWN)
    link.close()
  }

  return {
    engine,
    session: {
      start() {
        link.deadline(server.limits.loginTime)
        if (link.upgraded) return
        const words = session.capabilities().join(' ')
        const greeting = `* OK [CAPABILITY ${words}] ${server.hostname} ready`
        engine.send({ type: 'untagged', bytes: out.line(greeting).take() })
      },
      handle,
      timedOut: () => bye('Idle for too long'),
      shutdown,
      failed: () => bye('Something went wrong here'),
      closed(_reason: CloseReason) {
        pushes.stop()
        begun?.abort()
        return forgetLogin(connection)
      },
    },
  }
}
