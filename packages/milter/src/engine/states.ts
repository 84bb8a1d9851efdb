/**
 * The states of a connection to a milter, and which command leads from where to where.
 *
 * ```
 *   new -negotiate-> resting -connect-> session -mail-> envelope -header-> header -end-of-header-> body
 *                       ^                 ^  ^                                                       |
 *                       |                 |  +------------- abort, or a verdict on the message ------+
 *                       |                 +---- helo, abort ----+                                    |
 *                       +--- quit-new-connection ------------- done <-------- end-of-message --------+
 * ```
 *
 * `quit-new-connection` is understood by libmilter only where the end of a message was answered with `continue`:
 * anywhere else it is ignored, and so is the next `connect`. So it is allowed nowhere else.
 *
 * One command waits for its answer at a time. A verdict other than `continue` on a step of a message ends that message,
 * except for a single recipient that is refused.
 */
import type { MilterCommand } from '../syntax/commands.js'
import type { MilterVerdict } from '../syntax/replies.js'

/** Where a connection to a milter is. */
export type MilterState = 'new' | 'resting' | 'session' | 'envelope' | 'header' | 'body' | 'done' | 'over'

type Ways = Partial<Record<MilterCommand['type'], MilterState>>

const END: Ways = { abort: 'session', quit: 'over' }

const WAYS: Readonly<Record<MilterState, Ways>> = {
  new: { negotiate: 'resting' },
  resting: { connect: 'session', quit: 'over' },
  session: { helo: 'session', mail: 'envelope', abort: 'session', quit: 'over' },
  envelope: { rcpt: 'envelope', data: 'envelope', header: 'header', 'end-of-header': 'body', ...END },
  header: { header: 'header', 'end-of-header': 'body', ...END },
  body: { body: 'body', 'end-of-message': 'done', ...END },
  done: { helo: 'session', mail: 'envelope', abort: 'session', 'quit-new-connection': 'resting', quit: 'over' },
  over: {},
}

/** The state behind a command; `undefined` when it must not be said. */
export function stateAfter(state: MilterState, command: MilterCommand['type']): MilterState | undefined {
  return WAYS[state][command]
}

/** True when a verdict on a command of a message is the last word on it, and leads back to `session`. */
export function endsMessage(state: MilterState, command: MilterCommand['type'], verdict: MilterVerdict): boolean {
  if (state === 'new' || state === 'resting' || state === 'session' || state === 'over') return false
  switch (verdict.type) {
    case 'continue':
    case 'skip':
      return false
    case 'reject':
    case 'tempfail':
    case 'reply':
      return command !== 'rcpt'
    default:
      return true
  }
}
