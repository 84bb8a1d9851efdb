/** STORE and UID STORE (RFC 9051 §6.4.6). Selected state. */
import {
  type FlagsOp,
  flagPermit,
  type MessageRow,
  type ModSeq,
  noUids,
  type Uid,
  type UidSet,
  uidSetFromSorted,
  uidSetSubtract,
} from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { type FlagList, parseFlagList } from '../../syntax/flags.js'
import { formatUidSet, parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds, withBound } from '../bound.js'
import type { Command } from '../extension.js'
import { sequencesOf } from '../search/evaluate.js'
import type { ImapSession } from '../session.js'
import { ghostsOf, missingFrom } from '../view/ghosts.js'
import { reportFlags, unaskedWithUid } from '../view/report.js'

interface StoreArgs {
  readonly set: SequenceSet
  readonly mode: FlagsOp['mode']
  readonly silent: boolean
  readonly flags: FlagList
  readonly unchangedSince?: ModSeq
}

function parse(cursor: Cursor, session: ImapSession): StoreArgs {
  cursor.space()
  const set = parseSequenceSet(cursor)
  cursor.space()
  let effect: { readonly unchangedSince?: ModSeq } = {}
  if (cursor.atList()) {
    cursor.list(() => {
      const name = cursor.word('Modifier')
      const modifier = session.parts.storeModifiers.get(name)
      if (!modifier) return cursor.fail(`STORE has no modifier ${name}`)
      effect = { ...effect, ...modifier.parse(cursor, session) }
    })
    cursor.space()
  }
  const mode = cursor.take('+') ? 'add' : cursor.take('-') ? 'remove' : 'set'
  const item = cursor.itemName()
  if (item !== 'FLAGS' && item !== 'FLAGS.SILENT') cursor.fail('FLAGS expected')
  cursor.space()
  return { set, mode, silent: item === 'FLAGS.SILENT', flags: parseFlagList(cursor, true), ...effect }
}

type Flags = Required<Pick<MessageRow, 'flags' | 'keywords'>>

/** What flags a row should have behind the change. */
function changed(row: MessageRow, { mode, flags }: StoreArgs): Flags {
  const before = row.keywords ?? []
  if (mode === 'set') return { flags: flags.system, keywords: flags.keywords }
  const named = new Set(flags.keywords.map((keyword) => keyword.toLowerCase()))
  const others = before.filter((keyword) => !named.has(keyword.toLowerCase()))
  return mode === 'add'
    ? { flags: row.flags | flags.system, keywords: [...others, ...flags.keywords] }
    : { flags: row.flags & ~flags.system, keywords: others }
}

/** RFC 4314 §5.1.1: what the rights do not cover stays as it is. */
function permitted(before: MessageRow, after: Flags, rights: string | undefined): Flags {
  const permit = flagPermit(rights)
  return {
    flags: (before.flags & ~permit.flags) | (after.flags & permit.flags),
    keywords: permit.keywords ? after.keywords : (before.keywords ?? []),
  }
}

/** Flags as text that compares. */
function key({ flags, keywords = [] }: Pick<MessageRow, 'flags' | 'keywords'>): string {
  const folded = keywords.map((keyword) => keyword.toLowerCase())
  return `${flags} ${folded.sort().join(' ')}`
}

async function run(session: ImapSession, args: StoreArgs, byUid: boolean): Promise<Status> {
  const { set, mode, silent, flags, unchangedSince } = args
  const { view, account } = session
  const asked = view.resolve(set, byUid)
  if (view.readOnly || !account.commit) return no('The mailbox can only be read', 'NOPERM')
  const { uids, code } = hasBounds(session) ? await bounded(session, 'STORE', asked) : { uids: asked, code: null }
  if (uids.length === 0) return ok('STORE completed')
  // RFC 9051 §6.4.6: .SILENT hides the client's own change only. What others changed between is told, so that what
  // the client believes is compared with what became of it.
  const believed = new Map<Uid, string>()
  if (silent) {
    for await (const rows of account.messages(view.id, { uids, light: true })) {
      for (const row of rows) {
        // A change that the client has not heard of yet: it cannot work out the flags.
        const known = row.modseq <= view.flagsTold || view.isQuiet(row.uid, row.modseq)
        if (known) believed.set(row.uid, key(changed(row, args)))
        const others = session.pause()
        if (others) await others
      }
    }
  }
  const { results, modseq } = await account.commit([
    {
      op: 'flags',
      in: view.id,
      uids,
      mode,
      flags: flags.system,
      keywords: flags.keywords,
      ...(unchangedSince !== undefined && { unchangedSince }),
    },
  ])
  const refused = results[0].modified ?? []
  const done = uidSetSubtract(uids, refused)
  const gone = await tell(session, done, silent ? believed : null, byUid, modseq)
  // RFC 7162 §3.1.3: a condition cannot be met by what is gone.
  const lost = gone.length > 0 && (unchangedSince !== undefined || (await changeGhosts(session, gone, args, byUid)))
  session.touch(results[0].uids?.length ? modseq : 0)
  if (refused.length > 0) {
    const modified = `MODIFIED ${modifiedSet(session, refused, byUid)}`
    if (lost && !byUid) return no('Some were changed by others, some are gone', modified)
    return withBound(session, ok('Some were changed by others', modified), code)
  }
  if (lost && !byUid) return no('Some of the messages are gone', 'EXPUNGEISSUED')
  return ok('STORE completed', code)
}

/** Tells the new flags; with `believed` only where they differ from it. Gives the messages that are missing. */
async function tell(
  session: ImapSession,
  uids: UidSet,
  believed: ReadonlyMap<Uid, string> | null,
  byUid: boolean,
  modseq: ModSeq,
): Promise<UidSet> {
  const { view, account, enabled, parts } = session
  const found: Uid[] = []
  const known: Uid[] = []
  const withUid = byUid || (believed !== null && unaskedWithUid(session))
  for await (const rows of account.messages(view.id, { uids, light: parts.lightUpdates })) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      found.push(row.uid)
      if (row.modseq === modseq) known.push(row.uid)
      // RFC 7162 §3.1.3: with CONDSTORE even a silent change tells the new MODSEQ.
      const silent = believed?.get(row.uid) === key(row) && !enabled.has('CONDSTORE')
      const wait = silent ? session.pause() : reportFlags(session, view, sequence, row, withUid)
      if (wait) await wait
      const slow = session.flushMuch()
      if (slow) await slow
    }
  }
  view.keepQuiet(uidSetFromSorted(known), modseq)
  return found.length < view.countIn(uids) ? missingFrom(view, uids, found) : noUids
}

/**
 * A message that is gone has its new flags for this session alone, until it hears of the EXPUNGE. True when some cannot
 * be had any more.
 */
async function changeGhosts(session: ImapSession, uids: UidSet, args: StoreArgs, byUid: boolean): Promise<boolean> {
  const { view } = session
  session.touch()
  let missing = view.countIn(uids)
  for await (const row of ghostsOf(session, view, uids)) {
    missing--
    const after = permitted(row, changed(row, args), view.mailbox.rights)
    view.ghosts.set(row.uid, after)
    if (!args.silent) await reportFlags(session, view, view.sequenceOf(row.uid), { ...row, ...after }, byUid)
  }
  return missing > 0
}

function modifiedSet(session: ImapSession, refused: UidSet, byUid: boolean): string {
  if (byUid) return formatUidSet(refused)
  return formatUidSet(uidSetFromSorted(sequencesOf(session.view, session.view.pick(refused))))
}

function storeCommand(byUid: boolean): Command<StoreArgs> {
  return {
    name: byUid ? 'UID STORE' : 'STORE',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse,
    run: (session, args) => run(session, args, byUid),
  }
}

export const store = storeCommand(false)
export const uidStore = storeCommand(true)
