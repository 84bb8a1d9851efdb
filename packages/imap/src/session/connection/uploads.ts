/** Commands whose literals are messages (APPEND, REPLACE): the literals stream while the command is still being sent. */
import type { MaybePromise } from '@posthouse/wire'
import type { CommandText, ImapEvent } from '../../engine/events.js'
import { bad, Refusal, type Status } from '../../syntax/status.js'
import type { Upload } from '../extension.js'
import type { ImapSession } from '../session.js'
import type { Commands } from './commands.js'
import type { ConnectionState } from './state.js'

export interface Uploads {
  literalStart(event: Extract<ImapEvent, { type: 'literal-start' }>): Promise<void>
  bytes(bytes: Uint8Array): MaybePromise<void>
  literalEnd(): MaybePromise<void>
  commandEnd(event: CommandText): Promise<void>
  /** It will not come to an end. */
  abort(): void
}

export function createUploads(
  connection: ConnectionState,
  commands: Pick<Commands, 'finish' | 'mistake' | 'statusOf' | 'cursorFor'>,
  session: () => ImapSession,
): Uploads {
  const { finish, mistake, statusOf, cursorFor } = commands
  let upload: Upload | null = null
  /** A message could not be taken; its octets are read all the same, and then this is the answer. */
  let refusal: Status | null = null

  async function literalStart(event: Extract<ImapEvent, { type: 'literal-start' }>): Promise<void> {
    const { parts, state, engine } = connection
    connection.tag = event.tag
    try {
      if (!upload) {
        const found = parts.commands.get(event.name)
        connection.running = found ?? null
        if (!found?.upload || !found.states.includes(state)) return mistake(`${event.name} is not possible now`)
        for (const guard of parts.guards) guard(found, session())
        upload = found.upload(session(), connection.tag)
        refusal = null
      }
      if (refusal) throw new Refusal(refusal)
      // RFC 7888 §5: LITERAL- does without waiting for small literals only.
      if (!event.sync && event.size > 4096 && parts.names.has('LITERAL-') && !parts.names.has('LITERAL+')) {
        throw new Refusal(bad('Literals above 4096 octets must be synchronising', 'TOOBIG'))
      }
      await upload.literal(cursorFor(event), event)
    } catch (error) {
      upload?.abort()
      upload = null
      return finish(statusOf(error))
    }
    engine.send({ type: 'accept' })
  }

  /** Runs a step of an upload; what goes wrong is told at its end. */
  function step(run: () => MaybePromise<void>): MaybePromise<void> {
    if (refusal) return
    const fail = (error: unknown): void => {
      refusal = statusOf(error)
    }
    try {
      const wait = run()
      return wait ? wait.catch(fail) : undefined
    } catch (error) {
      fail(error)
    }
  }

  async function commandEnd(event: CommandText): Promise<void> {
    const taking = upload as Upload
    upload = null
    let status = refusal
    try {
      status ??= await taking.finish(cursorFor(event))
    } catch (error) {
      status = statusOf(error)
    }
    if (status.status !== 'OK') taking.abort()
    return finish(status)
  }

  return {
    literalStart,
    bytes: (bytes) => step(() => upload?.write(bytes)),
    literalEnd: () => step(() => upload?.literalEnd()),
    commandEnd,
    abort() {
      upload?.abort()
      upload = null
    },
  }
}
