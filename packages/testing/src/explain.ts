/** What the error of a wait says: what came instead, and why the nearest message was not the one. */
import type { TestMessage } from './content/message.js'
import { isFor, type Only } from './mailroom.js'
import { describeMatch, type Match, mismatches } from './match.js'

/** A wait that is over. */
export interface FailedWait {
  readonly count: number
  readonly match: Match | undefined
  readonly only: Only | undefined
  readonly found: readonly TestMessage[]
  readonly timeout: number
  /** All messages that counted, for whomever. */
  readonly arrived: readonly TestMessage[]
  /** Lines to add. */
  readonly more: string
}

/** Messages that are listed, and those in which the nearest is looked for. */
const LISTED = 10
const COMPARED = 200

export function explainWait({ count, match, only, found, timeout, arrived, more }: FailedWait): string {
  const wanted = count === 1 ? describeMatch(match) : `${count} of ${describeMatch(match)}`
  const where = only ? ` for ${only.name}` : ''
  const lines = [`waited ${timeout} ms${where} for ${wanted}${count > 1 ? `; ${found.length} came` : ''}`]
  if (arrived.length === 0) lines.push('Nothing arrived.')
  else lines.push(`Arrived: ${arrived.length}${arrived.length > LISTED ? `, the last ${LISTED}` : ''}`)
  for (const message of arrived.slice(-LISTED)) lines.push(`  ${describeMessage(message)}`)
  const nearest = nearestOf(arrived.slice(-COMPARED), match, only)
  if (nearest) lines.push(`Nearest: ${JSON.stringify(nearest.message.subject)}, but ${nearest.failed.join('; ')}`)
  if (more !== '') lines.push(more)
  return lines.join('\n')
}

/** One message in a line. */
export function describeMessage({ subject, envelope }: TestMessage): string {
  return `${JSON.stringify(subject)} from <${envelope.from}> to ${envelope.to.map((one) => `<${one}>`).join(', ')}`
}

/** The message that fails the fewest clauses. */
function nearestOf(
  messages: readonly TestMessage[],
  match: Match | undefined,
  only: Only | undefined,
): { message: TestMessage; failed: readonly string[] } | null {
  let best: { message: TestMessage; failed: readonly string[] } | null = null
  for (const message of messages) {
    const failed = failuresOf(match, message)
    if (only && !isFor(message, only)) failed.push(`it is not for ${only.name}`)
    if (failed.length > 0 && (!best || failed.length < best.failed.length)) best = { message, failed }
  }
  return best
}

/** Something in a message may make the function of a test throw; the wait's own error matters more here. */
function failuresOf(match: Match | undefined, message: TestMessage): string[] {
  try {
    return mismatches(match, message)
  } catch (error) {
    return [`the comparison threw: ${String(error)}`]
  }
}
