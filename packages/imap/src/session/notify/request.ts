/** What NOTIFY asks for (RFC 5465 §5, §6): groups of mailboxes with the events to tell of. */
import type { MailboxInfo } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { no, Refusal } from '../../syntax/status.js'
import { parseItems, type WantedItem } from '../commands/fetch.js'
import { fitsFilter, type MailboxFilter, parseMailboxFilter } from '../mailbox-filter.js'
import type { ImapSession } from '../session.js'

/** Events by their names in upper case, as they are told in BADEVENT. */
const EVENTS = new Map([
  ['MESSAGENEW', 'MessageNew'],
  ['MESSAGEEXPUNGE', 'MessageExpunge'],
  ['FLAGCHANGE', 'FlagChange'],
  ['MAILBOXNAME', 'MailboxName'],
  ['SUBSCRIPTIONCHANGE', 'SubscriptionChange'],
  ['MAILBOXMETADATACHANGE', 'MailboxMetadataChange'],
  ['SERVERMETADATACHANGE', 'ServerMetadataChange'],
] as const)

export type NotifyEvent = Parameters<(typeof EVENTS)['get']>[0]

const MESSAGE_EVENTS = new Set<NotifyEvent>(['MESSAGENEW', 'MESSAGEEXPUNGE', 'FLAGCHANGE'])

export interface EventGroup {
  readonly filter: MailboxFilter
  readonly events: ReadonlySet<NotifyEvent>
  /** What to tell of new messages in the selected mailbox. */
  readonly items: readonly WantedItem[]
}

export interface NotifyRequest {
  /** Also tell how the mailboxes are now. */
  readonly status: boolean
  /** `null`: NOTIFY NONE. */
  readonly groups: readonly EventGroup[] | null
}

function isEvent(word: string): word is NotifyEvent {
  return EVENTS.has(word as NotifyEvent)
}

function isSelected({ type }: MailboxFilter): boolean {
  return type === 'selected' || type === 'selected-delayed'
}

/** `(selected (MessageNew (UID FLAGS) MessageExpunge))` */
function parseGroup(cursor: Cursor, session: ImapSession): EventGroup {
  cursor.expect('(')
  const filter = parseMailboxFilter(cursor, session)
  if (filter.type === 'subtree-one') cursor.fail('NOTIFY does not know SUBTREE-ONE')
  cursor.space()
  const events = new Set<NotifyEvent>()
  let items: readonly WantedItem[] = []
  if (!cursor.takeWord('NONE')) {
    cursor.list(() => {
      const word = cursor.word('Event')
      // RFC 5465 §5: with the events that are known.
      if (!isEvent(word)) throw new Refusal(no(`No event ${word}`, `BADEVENT (${[...EVENTS.values()].join(' ')})`))
      events.add(word)
      if (word !== 'MESSAGENEW' || cursor.peek() !== 32 || cursor.bytes[cursor.at + 1] !== 40) return
      if (!isSelected(filter)) cursor.fail('Only new messages of the selected mailbox are told with their data')
      cursor.space()
      items = parseItems(cursor, session)
    })
    if (events.size === 0) cursor.fail('Event expected')
  }
  cursor.expect(')')
  check(cursor, filter, events)
  return { filter, events, items }
}

function check(cursor: Cursor, filter: MailboxFilter, events: ReadonlySet<NotifyEvent>): void {
  // RFC 5465 §5.1 to §5.3: numbers make sense only when both are told.
  const [fresh, gone] = [events.has('MESSAGENEW'), events.has('MESSAGEEXPUNGE')]
  if (fresh !== gone) cursor.fail('MessageNew and MessageExpunge come together')
  if (events.has('FLAGCHANGE') && !fresh) cursor.fail('FlagChange comes with MessageNew and MessageExpunge')
  if (isSelected(filter) && [...events].some((event) => !MESSAGE_EVENTS.has(event))) {
    cursor.fail('The selected mailbox has events of messages only')
  }
}

export function parseNotify(cursor: Cursor, session: ImapSession): NotifyRequest {
  cursor.space()
  if (cursor.takeWord('NONE')) return { status: false, groups: null }
  if (!cursor.takeWord('SET')) cursor.fail('SET or NONE expected')
  cursor.space()
  const status = cursor.takeWord('STATUS')
  if (status) cursor.space()
  const groups: EventGroup[] = []
  do {
    cursor.item()
    groups.push(parseGroup(cursor, session))
  } while (cursor.more())
  if (groups.filter(({ filter }) => isSelected(filter)).length > 1) {
    cursor.fail('SELECTED and SELECTED-DELAYED exclude each other')
  }
  return { status, groups }
}

/** The group that speaks of the selected mailbox. */
export function selectedGroup(groups: readonly EventGroup[]): EventGroup | undefined {
  return groups.find(({ filter }) => isSelected(filter))
}

const NOTHING: ReadonlySet<NotifyEvent> = new Set()

/** What is to be told of a mailbox: what any group that names it asks for, unless one says NONE (RFC 5465 §6, §8). */
export function eventsOf(
  groups: readonly EventGroup[],
  mailbox: MailboxInfo,
  session: ImapSession,
): ReadonlySet<NotifyEvent> {
  let all: ReadonlySet<NotifyEvent> = NOTHING
  for (const { filter, events } of groups) {
    if (isSelected(filter) || !fitsFilter(filter, mailbox, session)) continue
    if (events.size === 0) return NOTHING
    all = all.size === 0 ? events : new Set([...all, ...events])
  }
  return all
}
