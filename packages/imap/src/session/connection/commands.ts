/** Runs commands: parses, runs, tells of changes, ends with the tagged response. */
import { isStoreError } from '@posthouse/store-api'
import type { MaybePromise } from '@posthouse/wire'
import type { CommandText } from '../../engine/events.js'
import { Cursor } from '../../syntax/cursor.js'
import { SyntaxFault } from '../../syntax/fault.js'
import { bad, no, Refusal, type Status, storeRefusal } from '../../syntax/status.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import { tellBound } from '../bound.js'
import type { Prompt } from '../extension.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { synchronize } from '../view/synchronize.js'
import { type ConnectionState, closeConnection, GOING_DOWN } from './state.js'

export interface Commands {
  /** A whole command has come. */
  command(event: CommandText): MaybePromise<void>
  /** The line that a prompt has asked for. */
  line(bytes: Uint8Array | null): MaybePromise<void>
  /** Tells of changes, then ends the command in progress. */
  finish(status: Status): MaybePromise<void>
  /** Ends the command in progress with BAD. */
  mistake(text: string): void
  /** What an error is answered with. A response that it interrupted is taken back. */
  statusOf(error: unknown): Status
  /** The arguments of a command. */
  cursorFor(event: CommandText): Cursor
  /** What comes without being asked cannot be told: the selected mailbox is gone, or the store has failed. */
  pushFailed(error: unknown): void
}

/** RFC 9051 §7.1. One answer, whether the mailbox was deleted or the right to read it was taken away. */
const GONE = '* BYE The selected mailbox is not there any more'

const TOO_LONG = 'Literal too large'

/** `session` is asked for when it is there. */
export function createCommands(connection: ConnectionState, session: () => ImapSession): Commands {
  const { server, link, out, engine, pushes } = connection
  const { limits } = server

  function cursorFor({ bytes, at }: CommandText): Cursor {
    const inside = connection.state !== 'not-authenticated'
    return new Cursor(bytes, at, {
      depth: inside ? limits.depth : limits.loginDepth,
      items: inside ? limits.items : limits.loginItems,
    })
  }

  function statusOf(error: unknown): Status {
    if (!out.discardLine()) link.abort('a response could not be finished')
    if (error instanceof Refusal) return error.reply
    if (error instanceof SyntaxFault) return bad(error.message)
    if (isStoreError(error)) {
      if (error.code === 'unavailable') session().log({ level: 'error', event: 'store.failed', error })
      return storeRefusal(error.code)
    }
    session().log({ level: 'error', event: 'command.failed', command: connection.running?.name, error })
    return no('Something went wrong here', 'SERVERBUG')
  }

  function command(event: CommandText): MaybePromise<void> {
    connection.tag = event.tag
    const { parts, state } = connection
    const found = parts.commands.get(event.name)
    if (!found) return mistake('Unknown command')
    if (!found.states.includes(state)) return mistake(`${event.name} is not possible now`)
    connection.running = found
    if (found.upload) return mistake('Message expected')
    try {
      for (const guard of parts.guards) guard(found, session())
      const cursor = cursorFor(event)
      const args = found.parse(cursor, session())
      cursor.end()
      return conclude(found.run(session(), args))
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
    connection.prompt = result
    if (out.length > 0) engine.send({ type: 'untagged', bytes: out.take() })
    engine.send({ type: 'prompt', bytes: out.text('+ ').line(result.prompt).take() })
    pushes.release()
  }

  function finish(status: Status): MaybePromise<void> {
    const { view, running, account, implied } = connection
    if (implied && status.status === 'BAD') {
      connection.enabled.delete(implied.word)
      out.back(implied.place)
    }
    connection.implied = null
    const updates = running?.updates ?? 'all'
    if (view && updates !== 'none' && (view.dirty || running?.checkpoint || !account?.watch) && !muted()) {
      // RFC 5465 §5.1: who has asked for events hears the UID with them.
      const withUids = running?.name.startsWith('UID ') || session().values.has('NOTIFY')
      return synchronize(session(), view, updates === 'all', { withUids }).then(
        () =>
          end(updates === 'no-expunge' && view.withheld ? withExpunges(session(), status) : withHighest(view, status)),
        (error: unknown) => lostMailbox(error, status),
      )
    }
    end(status)
  }

  function muted(): boolean {
    return connection.parts.extensions.some(({ viewChanges }) => viewChanges?.muted?.(session()) === true)
  }

  /** What a command has done is done, whether the look at changes behind it worked or not. */
  function lostMailbox(error: unknown, status: Status): void {
    if (!isGone(error)) {
      // RFC 9051 §7.1.2: a warning. The changes are due again.
      write('*', statusOf(error))
      return end(status)
    }
    out.discardLine()
    out.line(GONE)
    connection.ending = true
    end(status)
  }

  function pushFailed(error: unknown): void {
    if (!out.discardLine()) return link.abort('a response could not be finished')
    if (!isGone(error)) {
      session().log({ level: 'error', event: 'push.failed', error })
      // The store may be busy for a moment, and it has given its hint already.
      connection.watcher?.hintLater()
      return
    }
    engine.send({ type: 'untagged', bytes: out.line(GONE).take() })
    closeConnection(connection)
  }

  function write(tag: string, { status, code, text }: Status): ResponseWriter {
    out.text(`${tag} ${status} `)
    if (code !== null) out.text(`[${code}] `)
    return out.line(text)
  }

  function end(status: Status): void {
    connection.running = null
    if (
      status.status === 'BAD' &&
      ++connection.mistakes > (connection.identity ? limits.badCommands : limits.loginBadCommands)
    ) {
      out.line('* BYE Too many mistakes')
      connection.ending = true
    } else if (connection.ending && connection.state === 'not-authenticated') {
      out.line('* BYE Too many failed logins')
    }
    if (connection.goingDown) {
      out.line(`* BYE ${GOING_DOWN}`)
      connection.ending = true
    }
    const over = engine.state === 'closed'
    engine.send({ type: 'completion', bytes: write(connection.tag, status).take() })
    if (engine.state === 'closed') {
      connection.ending = true
      // RFC 9051 §7.1.5: BYE comes before the end. A message is coming that is too long even to be skipped.
      if (!over) engine.send({ type: 'untagged', bytes: out.line(`* BYE ${TOO_LONG}`).take() })
    }
    if (connection.ending) closeConnection(connection)
    else pushes.release()
  }

  function mistake(text: string): void {
    connection.running = null
    end(bad(text))
  }

  function line(bytes: Uint8Array | null): MaybePromise<void> {
    const asked = connection.prompt as Prompt
    connection.prompt = null
    try {
      return conclude(asked.line(bytes))
    } catch (error) {
      return conclude(statusOf(error))
    }
  }

  return { command, line, finish, mistake, statusOf, cursorFor, pushFailed }
}

/** RFC 5530, EXPUNGEISSUED: told with whatever was answered while an expunge has to wait. */
function withExpunges(session: ImapSession, status: Status): Status {
  const { code } = status
  // RFC 9738 §3.1: of the two it is the bound that is told before.
  const bound = code?.startsWith('MESSAGELIMIT ') ?? false
  if (status.status !== 'OK' || (code !== null && !bound)) return status
  if (code !== null) tellBound(session, code)
  return { ...status, code: 'EXPUNGEISSUED' }
}

/** RFC 7162 §3.2.7: the end of EXPUNGE is never behind what was told before it. */
function withHighest({ cursor }: MailboxView, status: Status): Status {
  return status.code?.startsWith('HIGHESTMODSEQ ') ? { ...status, code: `HIGHESTMODSEQ ${cursor}` } : status
}

function isGone(error: unknown): boolean {
  return isStoreError(error) && (error.code === 'nonexistent' || error.code === 'noperm')
}
