/** IDLE (RFC 2177, RFC 9051 §6.3.13). Authenticated and selected state. */
import { latin1 } from '@posthouse/wire'
import { bad, ok, type Status } from '../../syntax/status.js'
import type { Command, Prompt } from '../extension.js'
import type { ImapSession } from '../session.js'

function run(session: ImapSession): Prompt {
  const { selected } = session
  /** A look at the mailbox is due already: hints before it begins are one. */
  let due = false
  let over = false

  function hinted(mailbox: string | undefined): void {
    // RFC 5465 §3: whoever has asked for certain events hears of these, in IDLE as elsewhere.
    if (due || over || !selected || session.values.has('NOTIFY') || (mailbox !== undefined && mailbox !== selected.id))
      return
    due = true
    session.push(async () => {
      due = false
      if (!over) await session.synchronize(true, { withUids: true })
    })
  }

  const unwatch = session.watch(hinted)
  function stop(): void {
    over = true
    unwatch()
  }
  // What happened between the last command and the subscription.
  hinted(undefined)

  return {
    prompt: 'idling',
    line(line): Status {
      stop()
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
