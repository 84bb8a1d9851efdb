/** What the error of a wait says: what came instead, and why the nearest message was not the one. */
import type { TestMessage } from './content/message.js'
import { isFor, type Only } from './mailroom.js'
import { describeMatch, type Match, type Mismatch, mismatches } from './match.js'

/** A wait that is over. */
export interface FailedWait {
  readonly count: number
  readonly match: Match | undefined
  readonly only: Only | undefined
  readonly found: readonly TestMessage[]
  readonly timeout: number
  /** All messages that counted, for whomever. */
  readonly arrived: readonly TestMessage[]
  /** Those that came before, of the recipient. */
  readonly before: readonly TestMessage[]
  /** Lines to add. */
  readonly more: string
}

/** Messages that are listed, and those in which the nearest is looked for. */
const LISTED = 10
const COMPARED = 200

export function explainWait({ count, match, only, found, timeout, arrived, before, more }: FailedWait): string {
  const wanted = count === 1 ? describeMatch(match) : `${count} of ${describeMatch(match)}`
  const where = only ? ` for ${only.name}` : ''
  const lines = [`waited ${timeout} ms${where} for ${wanted}${count > 1 ? `; ${found.length} came` : ''}`]
  const earlier = before.filter((message) => failuresOf(match, message).length === 0).length
  if (arrived.length === 0) lines.push('Nothing arrived.')
  else lines.push(`Arrived: ${arrived.length}${arrived.length > LISTED ? `, the last ${LISTED}` : ''}`)
  for (const message of arrived.slice(-LISTED)) lines.push(`  ${describeMessage(message)}`)
  if (earlier > 0) lines.push(`Before that came ${earlier} that matched.`)
  const nearest = nearestOf(arrived.slice(-COMPARED), match, only)
  if (nearest) lines.push(`Nearest: ${JSON.stringify(nearest.message.subject)}, but ${nearest.failed.join('; ')}`)
  if (more !== '') lines.push(more)
  return lines.join('\n')
}

/** One message in a line. */
export function describeMessage({ subject, envelope }: TestMessage): string {
  return `${JSON.stringify(subject)} from <${envelope.from}> to ${envelope.to.map((one) => `<${one}>`).join(', ')}`
}

/** What another recipient counts, in clauses: on a shared server most messages are for other tests. */
const FOREIGN = 100

/** The message that fails the fewest clauses; of several the last one. */
function nearestOf(
  messages: readonly TestMessage[],
  match: Match | undefined,
  only: Only | undefined,
): { message: TestMessage; failed: readonly string[] } | null {
  let best: { message: TestMessage; failed: readonly string[]; distance: number } | null = null
  for (const message of messages) {
    const failures = failuresOf(match, message)
    const failed = failures.map(({ text }) => text)
    const foreign = only !== undefined && !isFor(message, only)
    if (foreign) failed.push(`it is not for ${only.name}`)
    const distance = failed.length + (foreign || failures.some(({ clause }) => clause === 'to') ? FOREIGN : 0)
    if (failed.length > 0 && (!best || distance <= best.distance)) best = { message, failed, distance }
  }
  return best
}

/** Something in a message may make the function of a test throw; the wait's own error matters more here. */
function failuresOf(match: Match | undefined, message: TestMessage): Mismatch[] {
  try {
    return mismatches(match, message)
  } catch (error) {
    return [{ clause: '', text: `the comparison threw: ${String(error)}` }]
  }
}
