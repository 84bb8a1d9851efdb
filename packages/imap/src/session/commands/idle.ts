/** IDLE (RFC 2177, RFC 9051 §6.3.13). Authenticated and selected state. */
import { latin1 } from '@posthouse/wire'
import { bad, ok, type Status } from '../../syntax/status.js'
import type { Command, Prompt } from '../extension.js'
import type { ImapSession } from '../session.js'

function run(session: ImapSession): Prompt {
  const { selected, link } = session
  /** One look at a time; a hint during a look means another one. */
  let looking: Promise<void> | null = null
  let again = false
  let over = false
  let failure: unknown = null

  async function look(): Promise<void> {
    do {
      again = false
      await session.synchronize(true)
      const slow = session.flush()
      if (slow) await slow
    } while (again && !over)
  }

  function hinted(mailbox: string | undefined): void {
    if (over || !selected || (mailbox !== undefined && mailbox !== selected.id)) return
    if (looking) {
      again = true
      return
    }
    looking = look()
      .catch((error: unknown) => {
        failure = error
      })
      .finally(() => {
        looking = null
      })
  }

  const unwatch = session.watch(hinted)
  function stop(): void {
    over = true
    unwatch()
  }
  // What happened between the last command and the subscription.
  queueMicrotask(() => hinted(undefined))

  return {
    prompt: 'idling',
    async line(line): Promise<Status> {
      stop()
      await looking
      if (failure && !link.signal.aborted) throw failure
      return line && latin1(line).toUpperCase() === 'DONE' ? ok('IDLE completed') : bad('DONE expected')
    },
    cancel: stop,
  }
}

export const idle: Command<void> = {
  name: 'IDLE',
  states: ['authenticated', 'selected'],
  parse() {},
  run,
}
