/** FETCH and UID FETCH (RFC 9051 §6.4.5). Selected state. */
import { type Column, Flag, type MessageRow, type Uid, type UidSet, uidSetContains } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { parseSequenceSet, type SequenceSet } from '../../syntax/sequence-set.js'
import { no, ok, type Status } from '../../syntax/status.js'
import { bounded, hasBounds } from '../bound.js'
import type { Command, FetchEffect, FetchItem } from '../extension.js'
import { type FetchedMessage, fetchedMessage } from '../fetch/message.js'
import { has } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { ghostsOf, missingFrom } from '../view/ghosts.js'
import { noteKeywords } from '../view/keywords.js'
import { beginFetch, wantsUid } from '../view/report.js'

/** An item with what stood behind its name. */
export interface WantedItem {
  readonly item: FetchItem
  readonly args: unknown
}

interface FetchArgs {
  readonly set: SequenceSet
  readonly items: readonly WantedItem[]
  readonly effects: readonly FetchEffect[]
}

const MACROS = new Map<string, readonly string[]>([
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
])

function named(session: ImapSession, name: string): FetchItem | undefined {
  return session.parts.fetchItems.get(name)
}

function parseItem(cursor: Cursor, session: ImapSession, items: WantedItem[]): void {
  const name = cursor.itemName()
  const item = named(session, name)
  if (!item) return cursor.fail(`${name} cannot be fetched`)
  items.push({ item, args: item.parse?.(cursor, session) })
}

/** Reads an item, a list of items or a macro. */
export function parseItems(cursor: Cursor, session: ImapSession): WantedItem[] {
  const items: WantedItem[] = []
  if (cursor.atList()) {
    cursor.list(() => parseItem(cursor, session, items))
    if (items.length === 0) cursor.fail('Data item expected')
    return items
  }
  const start = cursor.at
  const macro = MACROS.get(cursor.itemName())
  if (macro) return macro.map((name) => ({ item: named(session, name) as FetchItem, args: null }))
  cursor.at = start
  parseItem(cursor, session, items)
  return items
}

function parse(cursor: Cursor, session: ImapSession, byUid: boolean): FetchArgs {
  cursor.space()
  const set = parseSequenceSet(cursor)
  cursor.space()
  const items = parseItems(cursor, session)
  const effects: FetchEffect[] = []
  if (cursor.more()) {
    cursor.list(() => {
      const name = cursor.word('Modifier')
      const modifier = session.parts.fetchModifiers.get(name)
      if (!modifier) return cursor.fail(`FETCH has no modifier ${name}`)
      effects.push(modifier.parse(cursor, session, byUid))
    })
  }
  for (const name of effects.flatMap((effect) => effect.add ?? [])) addItem(items, named(session, name))
  // RFC 9051 §6.4.9: UID FETCH always tells the UID, asked or not.
  if (byUid || session.enabled.has('QRESYNC')) addItem(items, named(session, 'UID'), true)
  return { set, items, effects }
}

/** RFC 9586 §3: to a client with UIDONLY the UID is told already; but RFC 9051 §9, msg-att, has no empty list. */
export function toldItems({ enabled }: ImapSession, items: readonly WantedItem[]): readonly WantedItem[] {
  if (!enabled.has('UIDONLY')) return items
  const others = items.filter(({ item }) => item.name !== 'UID')
  return others.length > 0 ? others : items
}

/** Adds an item that nobody has asked for, once. */
export function addItem(items: WantedItem[], item: FetchItem | undefined, first = false): void {
  if (!item || items.some((known) => known.item === item)) return
  if (first) items.unshift({ item, args: undefined })
  else items.push({ item, args: undefined })
}

/** Sets `\Seen` where items do so. Gives the UIDs whose flags changed. */
async function markSeen(session: ImapSession, uids: UidSet, items: readonly WantedItem[]): Promise<UidSet> {
  const { view, account } = session
  if (view.readOnly || !account.commit || !has(view.mailbox, 's')) return []
  if (!items.some(({ item, args }) => item.seen?.(args))) return []
  const { results, modseq } = await account.commit([{ op: 'flags', in: view.id, uids, mode: 'add', flags: Flag.Seen }])
  const changed = results[0].uids ?? []
  view.keepQuiet(changed, modseq)
  if (changed.length > 0) session.touch(modseq)
  return changed
}

async function run(session: ImapSession, { set, items, effects }: FetchArgs, byUid: boolean): Promise<Status> {
  const { view, account, parts } = session
  let uids = view.resolve(set, byUid)
  const since = Math.max(0, ...effects.map((effect) => effect.since ?? 0))
  for (const effect of effects) if (effect.before) uids = await effect.before(session, { set, uids, since })
  let bound: string | null = null
  if (hasBounds(session)) {
    const name = effects.some(({ whole }) => whole) ? 'FETCH PARTIAL' : 'FETCH'
    ;({ uids, code: bound } = await bounded(session, name, uids))
  }
  if (uids.length === 0) return ok('FETCH completed')
  const write = rowWriter(session, items, await markSeen(session, uids, items))
  const want = [...new Set(items.flatMap(({ item, args }) => item.needs?.(args) ?? []))] as readonly Column[]
  // `rowWriter` may add FLAGS and what is told beside them.
  const light = parts.lightUpdates && items.every(({ item }) => item.light)
  const query = since > 0 ? { uids, since, want, light } : { uids, want, light }
  const found: Uid[] = []
  for await (const rows of account.messages(view.id, query)) {
    if (session.link.signal.aborted) return ok('FETCH aborted')
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      if (since === 0) found.push(row.uid)
      const wait = write(row, sequence)
      if (wait) await wait
      const slow = session.flushMuch()
      if (!slow) continue
      await slow
      if (session.link.signal.aborted) return ok('FETCH aborted')
    }
  }
  if (since === 0 && found.length < view.countIn(uids)) {
    const missing = await writeGhosts(session, missingFrom(view, uids, found), want, write)
    // RFC 2180 §4.1.2, RFC 9051 §7.1: told as NO, so that the client waits for the EXPUNGE; with UIDs it knows how to.
    if (missing && !byUid) return no('Some of the messages are gone', 'EXPUNGEISSUED')
  }
  return ok('FETCH completed', bound)
}

/** Writes the answer for one message. */
type WriteRow = (row: MessageRow, sequence: number) => void | Promise<void>

/** Messages that are gone and not told to be. True when some of them cannot be had any more. */
async function writeGhosts(
  session: ImapSession,
  uids: UidSet,
  want: readonly Column[],
  write: WriteRow,
): Promise<boolean> {
  const { view } = session
  session.touch()
  let missing = view.countIn(uids)
  for await (const row of ghostsOf(session, view, uids, want)) {
    missing--
    await write(row, view.sequenceOf(row.uid))
    await session.flushMuch()
  }
  return missing > 0
}

/** `marked`: their flags have just changed, which is told beside what was asked (RFC 9051 §7.5.2). */
function rowWriter(session: ImapSession, items: readonly WantedItem[], marked: UidSet): WriteRow {
  const { view, out, enabled, parts } = session
  const uidsOnly = enabled.has('UIDONLY')
  const written = toldItems(session, items)
  const flags = named(session, 'FLAGS') as FetchItem
  const notesKeywords = marked.length > 0 || items.some(({ item }) => item === flags)
  const withFlags = [...written]
  if (wantsUid(session) && !uidsOnly) addItem(withFlags, named(session, 'UID'), true)
  addItem(withFlags, flags)
  // RFC 7162 §3.2: a change of flags comes with the new MODSEQ.
  for (const { item, wanted } of parts.updateItems) if (wanted(session)) addItem(withFlags, item)

  /** Writes items from the one at `at`; a promise only from where one is needed. */
  function write(list: readonly WantedItem[], message: FetchedMessage, at: number): void | Promise<void> {
    for (; at < list.length; at++) {
      if (at > 0) out.text(' ')
      const wait = list[at].item.write(out, message, list[at].args, session)
      if (wait) return wait.then(() => write(list, message, at + 1))
    }
    out.line(')')
  }

  function begin(row: MessageRow, sequence: number, message: FetchedMessage): void | Promise<void> {
    if (notesKeywords) noteKeywords(session, view, row)
    // Something has changed that the client was not told of, and this answer may tell of what came later.
    if (row.modseq > view.flagsTold) session.touch(row.modseq)
    beginFetch(out, uidsOnly, sequence, row.uid)
    const list = marked.length > 0 && uidSetContains(marked, row.uid) ? withFlags : written
    return write(list, message, 0)
  }

  if (!items.some(({ item }) => item.check)) {
    return (row, sequence) => begin(row, sequence, fetchedMessage(session, row))
  }
  return async (row, sequence) => {
    const message = fetchedMessage(session, row)
    await checkItems(message, items)
    await begin(row, sequence, message)
  }
}

/** Can all of it be written? @throws Refusal */
export async function checkItems(message: FetchedMessage, items: readonly WantedItem[]): Promise<void> {
  for (const { item, args } of items) await item.check?.(message, args)
}

function fetchCommand(byUid: boolean): Command<FetchArgs> {
  return {
    name: byUid ? 'UID FETCH' : 'FETCH',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse: (cursor, session) => parse(cursor, session, byUid),
    run: (session, args) => run(session, args, byUid),
  }
}

export const fetch = fetchCommand(false)
export const uidFetch = fetchCommand(true)
