/** How many messages one command acts on, where an extension sets a bound (RFC 9738). */
import type { UidSet } from '@posthouse/store-api'
import { no, Refusal, type Status } from '../syntax/status.js'
import type { Bounded, BoundedCommand } from './extension.js'
import type { ImapSession } from './session.js'

/** The messages that a command may act on now. @throws Refusal where it may not act on a part */
export async function bounded(session: ImapSession, command: BoundedCommand, uids: UidSet): Promise<Bounded> {
  let result: Bounded = { uids, code: null }
  for (const { boundSet } of session.parts.extensions) {
    const next = await boundSet?.(session, command, result.uids)
    if (next) result = { uids: next.uids, code: next.code ?? result.code }
  }
  return result
}

/** RFC 9738 §3.1: for what is done for all messages or for none. */
export function tooMany(limit: number): Refusal {
  return new Refusal(no(`${limit} messages at most`, `MESSAGELIMIT ${limit}`))
}

/** @throws Refusal when an APPEND that has so many messages may not have another one (RFC 9738 §3.1) */
export function checkAppends({ parts }: ImapSession, count: number): void {
  for (const { appends } of parts.extensions) {
    if (appends !== undefined && count >= appends) {
      throw tooMany(appends)
    }
  }
}

/** RFC 9738 §3.1: beside another code the bound is told by a line of its own. */
export function tellBound({ out }: ImapSession, code: string): void {
  out.line(`* NO [${code}] Not all messages at once`)
}

/** Is there a bound at all? Saves the promise where there is none. */
export function hasBounds({ parts }: ImapSession): boolean {
  return parts.bounds
}

/** The end of a command that did a part: with the code, or behind a line that has it when the end has one already. */
export function withBound(session: ImapSession, status: Status, code: string | null): Status {
  if (code === null || status.status !== 'OK') return status
  if (status.code === null) return { ...status, code }
  tellBound(session, code)
  return status
}
