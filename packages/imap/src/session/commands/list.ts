/** LIST (RFC 9051 §6.3.9, RFC 5258) and LSUB (RFC 3501 §6.3.9). Authenticated state. */
import { isBelow, type MailboxInfo, mailboxPathKey, subscriptionsOf } from '@posthouse/store-api'
import { latin1, utf8 } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { normalizePattern, patternMatcher } from '../../syntax/list-pattern.js'
import { DELIMITER, formatMailboxName } from '../../syntax/mailbox-name.js'
import { ok, type Status } from '../../syntax/status.js'
import type { Command, ListEntry, ListReturn, ListSelection } from '../extension.js'
import { beginList, has, mailboxes } from '../mailboxes.js'
import { Work } from '../search/work.js'
import type { ImapSession } from '../session.js'

interface ListArgs {
  readonly selections: readonly ListSelection[]
  readonly patterns: readonly string[]
  readonly returns: readonly { readonly option: ListReturn; readonly args: unknown }[]
  /** RFC 5258: selection options, several patterns or RETURN were used. */
  readonly extended: boolean
}

/** Patterns of one LIST. */
const MAX_PATTERNS = 100

function pattern(cursor: Cursor, session: ImapSession, octets: Uint8Array): string {
  // As names are: in normal form C.
  let text = session.utf8 ? utf8(octets).normalize('NFC') : latin1(octets)
  // Plain UTF-8 that nobody has enabled is understood in patterns as it is in names.
  if (!session.utf8 && octets.some((octet) => octet > 127))
    text = formatMailboxName(utf8(octets).normalize('NFC').split(DELIMITER), false)
  if (text.length > 1000) cursor.fail('Mailbox pattern is too long')
  return text
}

function parse(cursor: Cursor, session: ImapSession): ListArgs {
  const { listSelections, listReturns } = session.parts
  cursor.space()
  const selections: ListSelection[] = []
  let extended = false
  if (cursor.atList() && listSelections.size > 0) {
    extended = true
    cursor.list(() => {
      const name = cursor.word('Selection option')
      const option = listSelections.get(name)
      if (!option) return cursor.fail(`LIST has no option ${name}`)
      selections.push(option)
    })
    cursor.space()
    // RFC 5258 §3: RECURSIVEMATCH cannot stand alone.
    if (selections.some(({ name }) => name === 'RECURSIVEMATCH') && selections.every(({ modifier }) => modifier)) {
      cursor.fail('RECURSIVEMATCH needs another selection option')
    }
  }
  const reference = pattern(cursor, session, cursor.astring('Reference'))
  cursor.space()
  const patterns: string[] = []
  if (cursor.atList() && listSelections.size > 0) {
    extended = true
    cursor.list(() => patterns.push(pattern(cursor, session, cursor.listMailbox())))
  } else {
    patterns.push(pattern(cursor, session, cursor.listMailbox()))
  }
  if (patterns.length > MAX_PATTERNS) cursor.fail('Too many patterns')
  const returns: { option: ListReturn; args: unknown }[] = []
  if (listReturns.size > 0 && cursor.more()) {
    extended = true
    if (!cursor.takeWord('RETURN')) cursor.fail('RETURN expected')
    cursor.space()
    cursor.list(() => {
      const name = cursor.word('RETURN option')
      const option = listReturns.get(name)
      if (!option) return cursor.fail(`LIST cannot return ${name}`)
      returns.push({ option, args: option.parse?.(cursor, session) })
    })
  }
  return {
    selections,
    // RFC 9051 §6.3.9: an empty name asks for the delimiter in the basic syntax, and is ignored in the extended one.
    patterns: extended
      ? patterns.filter((one) => one !== '').map((one) => normalizePattern(reference + one))
      : patterns.map((one) => (one === '' ? '' : normalizePattern(reference + one))),
    returns,
    extended,
  }
}

/** Mailboxes that may be listed (RFC 4314 §4). */
async function listable(session: ImapSession): Promise<readonly MailboxInfo[]> {
  return (await mailboxes(session)).filter((mailbox) => has(mailbox, 'l'))
}

/**
 * All names: mailboxes, the parents that exist only through their children, and `names` that are subscribed to although
 * there is no such mailbox (RFC 5258 §3.1). INBOX first, then by name.
 */
function allEntries(
  infos: readonly MailboxInfo[],
  names: readonly (readonly string[])[],
  extended: boolean,
): ListEntry[] {
  const byKey = new Map<string, ListEntry>()
  for (const mailbox of infos) {
    const { path, subscribed = false } = mailbox
    byKey.set(mailboxPathKey(path), { path, mailbox, subscribed, attributes: [] })
  }
  const parents = new Set<string>()
  /** RFC 9051 §6.3.9.5: only mailboxes are children; a name that is subscribed to and is none may have a parent, too. */
  const addParents = (path: readonly string[], exists: boolean): void => {
    for (let depth = path.length - 1; depth > 0; depth--) {
      const parent = path.slice(0, depth)
      const key = mailboxPathKey(parent)
      if (!byKey.has(key)) byKey.set(key, { path: parent, subscribed: false, attributes: [] })
      if (exists) parents.add(key)
    }
  }
  for (const path of names) {
    const key = mailboxPathKey(path)
    if (!byKey.has(key)) byKey.set(key, { path, subscribed: true, attributes: [] })
  }
  for (const { path, mailbox } of [...byKey.values()]) addParents(path, mailbox !== undefined)
  const entries = [...byKey].map(([key, entry]) => {
    // RFC 5258 §3.5: \Noselect keeps its meaning; \NonExistent implies it for whoever knows that one.
    if (!entry.mailbox) entry.attributes.push(...(extended ? ['\\NonExistent'] : ['\\NonExistent', '\\Noselect']))
    else if (entry.mailbox.noSelect) entry.attributes.push('\\Noselect')
    entry.attributes.push(parents.has(key) ? '\\HasChildren' : '\\HasNoChildren')
    return { key, entry, inbox: entry.path[0] === 'INBOX' }
  })
  entries.sort((a, b) => Number(b.inbox) - Number(a.inbox) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return entries.map(({ entry }) => entry)
}

/** The attributes that LIST tells of a mailbox of `all` (RFC 9051 §6.3.2 wants them of SELECT, too). */
export function attributesOf(
  session: ImapSession,
  mailbox: MailboxInfo,
  all: readonly MailboxInfo[],
): readonly string[] {
  const { path, subscribed = false } = mailbox
  const isParent = all.some((one) => has(one, 'l') && isBelow(one.path, path))
  const entry: ListEntry = { path, mailbox, subscribed, attributes: [isParent ? '\\HasChildren' : '\\HasNoChildren'] }
  addExtensionAttributes(session, entry)
  return entry.attributes
}

function addExtensionAttributes(session: ImapSession, entry: ListEntry): void {
  for (const { listAttributes } of session.parts.extensions) {
    for (const attribute of listAttributes?.(entry, session) ?? []) addAttribute(entry, attribute)
  }
}

/** Writes `* LIST (\HasNoChildren) "/" INBOX`. */
function writeEntry(session: ImapSession, response: string, { path, attributes }: ListEntry, more = ''): void {
  beginList(session, attributes.join(' '), path, response).line(more)
}

async function run(session: ImapSession, { selections, patterns, returns, extended }: ListArgs): Promise<Status> {
  const { out } = session
  if (!extended && patterns[0] === '') {
    // RFC 9051 §6.3.9: an empty pattern asks for the delimiter.
    out.line(`* LIST (\\Noselect) "${DELIMITER}" ""`)
    return ok('LIST completed')
  }
  const gone = selections.some(({ name }) => name === 'SUBSCRIBED') ? await subscriptionsOf(session.account) : []
  const entries = allEntries(await listable(session), gone, extended)
  const selecting = selections.filter(({ modifier }) => !modifier)
  const selected = (entry: ListEntry): boolean => selecting.every((one) => one.matches(entry, session))
  const recursive = selections.some(({ name }) => name === 'RECURSIVEMATCH')
  const named = await namedEntries(session, entries, patterns, extended && !recursive)
  // RFC 5258 §3.5: whoever is told for itself says so, too; others only for the sake of what is not told itself.
  const above = recursive ? parentsOf(entries.filter(selected)) : null
  const aboveOthers = parentsOf(entries.filter((entry) => !named.has(entry) && selected(entry)))
  for (const entry of named) {
    const key = mailboxPathKey(entry.path)
    const fits = selected(entry)
    const hasBelow = recursive && ((fits ? above : aboveOthers)?.has(key) ?? false)
    if (!fits && !hasBelow) continue
    // RFC 9051 §7.3.1: a level that is no mailbox is told where something below it is not.
    if (!entry.mailbox && !entry.subscribed && !aboveOthers.has(key)) continue
    addExtensionAttributes(session, entry)
    for (const { decorate } of selecting) if (fits) decorate?.(entry, session)
    for (const { option, args } of returns) option.decorate?.(entry, args, session)
    writeEntry(session, 'LIST', entry, hasBelow ? childInfo(selecting) : '')
    // RFC 5819 §2: not for a name that stands there for what is below it.
    if (fits) for (const { option, args } of returns) await option.after?.(out, entry, args, session)
    const slow = session.flushMuch()
    if (slow) await slow
  }
  return ok('LIST completed')
}

/**
 * The entries that are asked for. In an extended LIST a parent that does not exist is no answer to its own name (RFC 9051
 * §7.3.1, \NonExistent), but for RECURSIVEMATCH. Many names against many patterns take long: others have their turn.
 */
async function namedEntries(
  session: ImapSession,
  entries: readonly ListEntry[],
  patterns: readonly string[],
  onlyExisting: boolean,
): Promise<ReadonlySet<ListEntry>> {
  const matchers = patterns.map((text) => ({ text, fits: patternMatcher(text) }))
  const named = new Set<ListEntry>()
  const work = new Work(session)
  for (const entry of entries) {
    const { path, mailbox, subscribed } = entry
    const name = formatMailboxName(path, session.utf8)
    const exists = mailbox !== undefined || subscribed || !onlyExisting
    if (matchers.some(({ text, fits }) => (exists || text !== name) && fits(name))) named.add(entry)
    const slow = work.pause()
    if (slow) await slow
  }
  return named
}

/** Keys of all that is above some entries. */
function parentsOf(entries: readonly ListEntry[]): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const { path } of entries) {
    for (let depth = path.length - 1; depth > 0; depth--) keys.add(mailboxPathKey(path.slice(0, depth)))
  }
  return keys
}

/** Adds an attribute once. */
export function addAttribute({ attributes }: ListEntry, attribute: string): void {
  if (!attributes.includes(attribute)) attributes.push(attribute)
}

/** RFC 5258 §3.5: something below was selected. */
function childInfo(selecting: readonly ListSelection[]): string {
  return ` ("CHILDINFO" (${selecting.map(({ name }) => `"${name}"`).join(' ')}))`
}

export const list: Command<ListArgs> = { name: 'LIST', states: ['authenticated', 'selected'], parse, run }

interface LsubArgs {
  readonly pattern: string
}

async function runLsub(session: ImapSession, { pattern: wanted }: LsubArgs): Promise<Status> {
  const subscribed = (await listable(session)).filter((mailbox) => mailbox.subscribed)
  const fits = patternMatcher(wanted)
  const work = new Work(session)
  // RFC 3501 §6.3.9: names stay in the list when their mailbox is deleted.
  for (const entry of allEntries(subscribed, await subscriptionsOf(session.account), false)) {
    const slow = work.pause()
    if (slow) await slow
    const name = formatMailboxName(entry.path, session.utf8)
    if (!fits(name)) continue
    // RFC 3501 §6.3.9: a parent that is not subscribed itself is told for `%` only.
    if (!entry.subscribed && fits(`${name}${DELIMITER}x`)) continue
    const attributes = !entry.mailbox || entry.mailbox.noSelect ? ['\\Noselect'] : []
    writeEntry(session, 'LSUB', { ...entry, attributes })
  }
  return ok('LSUB completed')
}

export const lsub: Command<LsubArgs> = {
  name: 'LSUB',
  states: ['authenticated', 'selected'],
  parse(cursor, session) {
    cursor.space()
    const reference = pattern(cursor, session, cursor.astring('Reference'))
    cursor.space()
    return { pattern: normalizePattern(reference + pattern(cursor, session, cursor.listMailbox())) }
  },
  run: runLsub,
}
