/** QRESYNC (RFC 7162 §3.2): what has changed and what is gone, in one SELECT. */
import {
  allUids,
  type ModSeq,
  type Uid,
  type UidSet,
  uidSetFromSorted,
  uidSetIntersect,
  uidSetOf,
  uidSetSubtract,
  vanishedOf,
} from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { formatUidSet, parseSequenceSet, type SequenceSet, STAR } from '../../syntax/sequence-set.js'
import { bad, Refusal } from '../../syntax/status.js'
import type { FetchEffect, ImapExtension, SelectContext } from '../extension.js'
import type { ImapSession } from '../session.js'
import { ghostsOf, missingFrom } from '../view/ghosts.js'
import { reportFlags } from '../view/report.js'
import { enableCondstore } from './condstore.js'

interface Resync {
  readonly uidValidity: number
  readonly modseq: ModSeq
  readonly known: UidSet | null
}

/** A set of UIDs that may name more than the mailbox has. */
function plainSet(cursor: Cursor, set: SequenceSet): UidSet {
  if (set.saved) cursor.fail('UIDs expected')
  return uidSetOf(set.ranges.map(([a, b]) => [Math.min(a, 0xffffffff), Math.min(b, 0xffffffff)] as const))
}

/** `(1 17 1:5 (1,3 1,3))`: UIDVALIDITY, modification sequence, known UIDs, and numbers that match UIDs. */
function parseResync(cursor: Cursor, session: ImapSession): Resync {
  if (!session.enabled.has('QRESYNC')) cursor.fail('ENABLE QRESYNC first')
  cursor.space()
  cursor.expect('(')
  const uidValidity = cursor.nzNumber('UIDVALIDITY')
  cursor.space()
  const modseq = cursor.number('Modification sequence')
  let known: UidSet | null = null
  if (cursor.peek() === 32) {
    cursor.space()
    if (!cursor.atList()) known = plainSet(cursor, parseSequenceSet(cursor))
    if (cursor.peek() === 32) cursor.space()
    // Numbers that match UIDs shorten the answer of servers that have lost their history; ours does without.
    if (cursor.take('(')) {
      // RFC 9586 §3.7
      if (session.enabled.has('UIDONLY')) throw new Refusal(bad('Message numbers are not used any more', 'UIDREQUIRED'))
      parseSequenceSet(cursor)
      cursor.space()
      parseSequenceSet(cursor)
      cursor.expect(')')
    }
  }
  cursor.expect(')')
  return { uidValidity, modseq, known }
}

/** Tells which of `asked` are gone since, and not in the session's view (RFC 7162 §3.2.10.1). */
async function tellVanished(session: ImapSession, since: ModSeq, asked: UidSet): Promise<void> {
  const { view, account, out } = session
  const { uidNext } = view.mailbox
  const last = Math.max(uidNext - 1, view.lastUid)
  if (last === 0) return
  const known = uidSetIntersect(asked, [[1, last]])
  const gone = await vanishedOf(account, view.id, { since, known })
  const earlier = uidSetSubtract(gone, uidSetFromSorted(view.pick(gone)))
  if (earlier.length > 0) out.line(`* VANISHED (EARLIER) ${formatUidSet(earlier)}`)
}

/**
 * Tells of changed messages that were expunged while the mailbox was selected: EXISTS has counted them, so for the client
 * they are there until it hears of the expunge (RFC 9051 §7.5.1), and it has to know which ones they are.
 */
async function tellGhosts(session: ImapSession, since: ModSeq, asked: UidSet, told: readonly Uid[]): Promise<void> {
  const { view, account } = session
  const logged = await account.vanished?.(view.id, view.cursor)
  // Without a log of expunges all that was not told may be gone; the store has the rows of those that are.
  const missing = missingFrom(view, logged ? uidSetIntersect(logged, asked) : asked, told)
  if (missing.length === 0) return
  for await (const row of ghostsOf(session, view, missing)) {
    if (row.modseq > since) await reportFlags(session, view, view.sequenceOf(row.uid), row, true)
  }
}

async function resync(session: ImapSession, { mailbox }: SelectContext, args: Resync): Promise<void> {
  // RFC 7162 §3.2.5.2: with another UIDVALIDITY everything that the client knows is void.
  if (args.uidValidity !== mailbox.uidValidity) return
  const { view, account } = session
  const asked = args.known ?? allUids
  await tellVanished(session, args.modseq, asked)
  const query = {
    since: args.modseq,
    light: session.parts.lightUpdates,
    ...(args.known && { uids: args.known }),
  }
  const told: Uid[] = []
  for await (const rows of account.messages(view.id, query)) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      told.push(row.uid)
      const wait = reportFlags(session, view, sequence, row, true)
      if (wait) await wait
      const slow = session.flushMuch()
      if (slow) await slow
    }
  }
  await tellGhosts(session, args.modseq, asked, told)
  // What came while this was read is newer than EXISTS and VANISHED: there may be more of it that the client does not
  // hear yet, so it must not take its modification sequences for the mailbox's (RFC 7162 §3.2).
  if (view.modseqTold > view.cursor) session.out.line(`* OK [HIGHESTMODSEQ ${view.cursor}] More comes later`)
  view.modseqTold = 0
  session.touch()
}

function vanishedModifier(cursor: Cursor, session: ImapSession, byUid: boolean): FetchEffect {
  if (!byUid || !session.enabled.has('QRESYNC')) cursor.fail('VANISHED is for UID FETCH after ENABLE QRESYNC')
  return {
    async before(_session, { set, uids, since }) {
      if (since === 0) throw new Refusal(bad('VANISHED needs CHANGEDSINCE'))
      const ranges = set.ranges.map(
        ([a, b]) => [a, b].map((one) => (one === STAR ? 0xffffffff : one)) as [number, number],
      )
      await tellVanished(session, since, uidSetOf(ranges))
      return uids
    },
  }
}

/** QRESYNC (RFC 7162 §3.2). */
export const qresync: ImapExtension = {
  name: 'QRESYNC',
  capabilities: ['QRESYNC'],
  requires: ['CONDSTORE', 'ENABLE'],
  // RFC 7162 §3.2.10: needs stores whose expunges raise the modification sequence.
  available: (account) => account.vanished !== undefined,
  selectParameters: [
    {
      name: 'QRESYNC',
      parse: parseResync,
      apply: (session, select, args) => resync(session, select, args as Resync),
    },
  ],
  fetchModifiers: [{ name: 'VANISHED', parse: vanishedModifier }],
  // RFC 7162 §3.2.3: enabling QRESYNC enables CONDSTORE.
  enables: [{ word: 'QRESYNC', apply: enableCondstore }],
}
