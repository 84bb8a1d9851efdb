/**
 * Finds the messages that a search program means.
 *
 * What the store can tell from its rows (or an index) is asked there; the rest is tested message by message, cheap tests
 * first, reading no more than a test needs.
 */
import { type Column, noUids, type UidSet, uidSetIntersect } from '@posthouse/store-api'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { type SearchedMessage, SearchMessage } from './message.js'
import { bounds, columns, forStore, fromView, type SearchProgram } from './program.js'
import { matchesRow } from './row.js'
import { Work, whileWaiting } from './work.js'

/** What was found. */
export interface Found {
  /** Ascending. */
  readonly uids: Uint32Array
  /** The modification sequence of each; `null` unless it was asked for. */
  readonly modseqs: Float64Array | null
}

export interface EvaluateOptions {
  /** Also give modification sequences. */
  readonly modseq?: boolean
  /** Only among these. */
  readonly within?: UidSet
  /** Of a command that has more to do. */
  readonly work?: Work
  /** Is shown each message that was found, in order. */
  readonly visit?: {
    /** Columns that it looks at. */
    readonly needs: readonly Column[]
    see(message: SearchedMessage): void | Promise<void>
  }
}

/** Runs a program over the messages of a view. @throws Refusal beyond the limits. */
export async function evaluate(
  session: ImapSession,
  view: MailboxView,
  program: SearchProgram,
  { modseq = false, within, visit, work = new Work(session) }: EvaluateOptions = {},
): Promise<Found> {
  const { account } = session
  let candidates = uidSetIntersect(bounds(program), [[1, view.lastUid || 1]])
  if (within) candidates = uidSetIntersect(candidates, within)
  const needsRows = modseq || visit !== undefined
  let decided = fromView(program)
  if (!decided) {
    const narrowed = await askStore(session, view, program)
    if (narrowed) candidates = uidSetIntersect(candidates, narrowed.uids)
    decided = narrowed?.decided === true
  }
  if (decided && !needsRows) return { uids: view.pick(candidates), modseqs: null }
  const goal = view.countIn(candidates)
  const uids: number[] = []
  const modseqs: number[] = []
  work.expect(goal)
  const want = columns(decided ? ALL : program, new Set(visit?.needs))
  const light = decided && visit === undefined
  // Without a message there is nothing to ask the store for.
  const pages = goal === 0 ? [] : account.messages(view.id, { uids: candidates, want: [...want], light })
  for await (const rows of pages) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      const message = new SearchMessage(session, row, sequence, view.mailbox, work)
      const slow = work.step()
      if (slow) await slow
      if (!decided) {
        const fits = matches(message, program)
        if (!(typeof fits === 'boolean' ? fits : await fits)) continue
      }
      if (visit) {
        const seen = visit.see(message)
        if (seen) await seen
      }
      uids.push(row.uid)
      if (modseq) modseqs.push(row.modseq)
    }
  }
  return { uids: Uint32Array.from(uids), modseqs: modseq ? Float64Array.from(modseqs) : null }
}

const ALL: SearchProgram = { type: 'expr', expr: { type: 'all' } }

/** What the store says: a superset of the answer, or the answer. */
async function askStore(
  session: ImapSession,
  view: MailboxView,
  program: SearchProgram,
): Promise<{ uids: UidSet; decided: boolean } | null> {
  const { account } = session
  const asked = account.search && view.count > 0 ? forStore(program) : null
  if (!asked) return view.count > 0 ? null : { uids: noUids, decided: true }
  const helped = await whileWaiting(session, account.search?.(view.id, asked.expr) ?? Promise.resolve(null))
  return helped && { uids: helped.uids, decided: asked.exact && helped.rest === null }
}

/** Does a message match? A promise only where a test needs one. */
function matches(message: SearchedMessage, node: SearchProgram): boolean | Promise<boolean> {
  if (node.type === 'expr') return matchesRow(message.row, node.expr)
  if (node.type === 'test') return node.test(message)
  if (node.type === 'not') {
    const inner = matches(message, node.of)
    return typeof inner === 'boolean' ? !inner : inner.then((one) => !one)
  }
  return matchesFrom(message, node, 0)
}

/** The members of an AND or OR from one on, until one decides. */
function matchesFrom(
  message: SearchedMessage,
  node: Extract<SearchProgram, { type: 'and' | 'or' }>,
  from: number,
): boolean | Promise<boolean> {
  const stop = node.type === 'or'
  for (let i = from; i < node.of.length; i++) {
    const one = matches(message, node.of[i])
    if (one === stop) return stop
    if (typeof one !== 'boolean') return one.then((fits) => (fits === stop ? stop : matchesFrom(message, node, i + 1)))
  }
  return !stop
}

/** UIDs as numbers of the view. */
export function sequencesOf(view: MailboxView, uids: Uint32Array): Uint32Array {
  return uids.map((uid) => view.sequenceOf(uid))
}
