/** What a change of one mailbox's name means for the names above and below it (RFC 5465 §5.4). */
import { type MailboxId, type MailboxInfo, mailboxPathKey } from '@posthouse/store-api'
import { has } from '../mailboxes.js'

type Mailboxes = ReadonlyMap<MailboxId, MailboxInfo>

/** The new names of mailboxes that were renamed, by their old ones. */
export function renamesBetween(before: Mailboxes, now: Mailboxes): ReadonlyMap<string, string> {
  const renames = new Map<string, string>()
  for (const [id, { path }] of now) {
    const old = before.get(id)
    if (old && old.path !== path && mailboxPathKey(old.path) !== mailboxPathKey(path)) {
      renames.set(mailboxPathKey(old.path), mailboxPathKey(path))
    }
  }
  return renames
}

/** Was a mailbox renamed only because one above it was? */
export function movedAlong(
  renames: ReadonlyMap<string, string>,
  before: readonly string[],
  now: readonly string[],
): boolean {
  for (let up = 1; up < before.length && up < now.length; up++) {
    if (before[before.length - up] !== now[now.length - up]) return false
    if (renames.get(mailboxPathKey(before.slice(0, -up))) === mailboxPathKey(now.slice(0, -up))) return true
  }
  return false
}

/** A name that is told because of what lies below it. Where there is no mailbox, `mailbox` stands for it. */
interface Affected {
  readonly mailbox: MailboxInfo
  /** As LIST has them. */
  readonly attributes: string
}

/** The names right above mailboxes that were made or deleted, whether they are mailboxes or not. */
export function affectedParents(before: Mailboxes, now: Mailboxes): readonly Affected[] {
  const changed = [...missingIn(before, now), ...missingIn(now, before)]
  const parents = new Map<string, MailboxInfo>()
  for (const mailbox of changed) {
    const path = mailbox.path.slice(0, -1)
    if (path.length > 0 && has(mailbox, 'l')) {
      parents.set(mailboxPathKey(path), { ...mailbox, path, subscribed: false, noSelect: true })
    }
  }
  // What has been made or deleted itself is told as such.
  for (const { path } of changed) parents.delete(mailboxPathKey(path))
  if (parents.size === 0) return []
  const visible = [...now.values()].filter((mailbox) => has(mailbox, 'l'))
  const inner = new Set(
    visible.flatMap(({ path }) => path.slice(1).map((_, i) => mailboxPathKey(path.slice(0, i + 1)))),
  )
  const byKey = new Map(visible.map((mailbox) => [mailboxPathKey(mailbox.path), mailbox]))
  return Array.from(parents, ([key, placeholder]) => {
    const mailbox = byKey.get(key)
    const attributes = [
      ...(mailbox ? [] : ['\\NonExistent']),
      inner.has(key) ? '\\HasChildren' : '\\HasNoChildren',
      ...(mailbox?.subscribed ? ['\\Subscribed'] : []),
    ]
    return { mailbox: mailbox ?? placeholder, attributes: attributes.join(' ') }
  })
}

function missingIn(some: Mailboxes, others: Mailboxes): readonly MailboxInfo[] {
  const missing: MailboxInfo[] = []
  for (const [id, mailbox] of some) if (!others.has(id)) missing.push(mailbox)
  return missing
}
