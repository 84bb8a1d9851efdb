import {
  type Account,
  Flag,
  type MailboxId,
  type MailboxInfo,
  type Op,
  StoreError,
  type Uid,
  type UidSet,
  uidSetFromSorted,
} from '@posthouse/store-api'
import type { MaildropOptions } from './options.js'
import { createReadAhead, type MessageStart } from './read-ahead.js'

/** One message of the maildrop as it was at login. */
export interface MaildropMessage {
  readonly uid: Uid
  /** Octets as served. */
  readonly size: number
  /** `''` when the unique-ids do not need it, or the store does not know it. */
  readonly emailId: string
  /** Change it through `Maildrop.mark` and `reset`, which count. */
  deleted: boolean
  /** RETR has sent all of it. */
  retrieved: boolean
}

/** The mailbox of one session: message numbers are fixed at login and never move (RFC 1939 §5). */
export interface Maildrop {
  /** The account's name. */
  readonly name: string
  readonly account: Account
  readonly uidValidity: number
  /** By message number minus one. */
  readonly messages: readonly MaildropMessage[]
  /** Messages not marked as deleted, and the octets of them. */
  readonly count: number
  readonly octets: number
  /** False when QUIT could not remove anything: the store or the rights of who logged in do not allow it. */
  readonly canDelete: boolean
  /** Unique-ids of another server; `null` until UIDL asked for them. */
  keptUniqueIds: ReadonlyMap<string, string> | null
  /** What to begin the message with a number with. @throws StoreError `nonexistent` when it is gone. */
  begin(number: number): Promise<MessageStart>
  /** Marks a message as deleted. */
  mark(message: MaildropMessage): void
  /** Takes all marks back. */
  reset(): void
  /**
   * Removes what is marked, and with `markSeen` makes what was retrieved `\Seen`, in one commit. Messages that are
   * gone already are no error.
   */
  update(markSeen: boolean): Promise<void>
  /** No update is going on. Never rejects. */
  settled(): Promise<void>
  close(): Promise<void>
}

interface ReadOptions extends Required<MaildropOptions> {
  readonly wantsEmailIds: boolean
}

/** Reads the maildrop's rows; no message is opened. The account is closed when that fails. */
export async function openMaildrop(name: string, account: Account, options: ReadOptions): Promise<Maildrop> {
  try {
    const inbox = (await account.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
    if (!inbox) throw new StoreError('nonexistent', 'the account has no INBOX')
    return createMaildrop(name, account, inbox, await readMessages(account, inbox.id, options))
  } catch (reason) {
    await account.close?.()
    throw reason
  }
}

async function readMessages(
  account: Account,
  inbox: MailboxId,
  { hideSeen, maxMessages, newestFirst, wantsEmailIds }: ReadOptions,
): Promise<MaildropMessage[]> {
  let messages: MaildropMessage[] = []
  for await (const rows of account.messages(inbox, { light: !wantsEmailIds })) {
    for (const { uid, size, flags, emailId } of rows) {
      if (hideSeen && flags & Flag.Seen) continue
      messages.push({ uid, size, emailId, deleted: false, retrieved: false })
    }
  }
  if (messages.length > maxMessages) messages = messages.slice(messages.length - maxMessages)
  return newestFirst ? messages.reverse() : messages
}

function createMaildrop(
  name: string,
  account: Account,
  inbox: MailboxInfo,
  messages: readonly MaildropMessage[],
): Maildrop {
  const allOctets = messages.reduce((sum, { size }) => sum + size, 0)
  const may = (right: string): boolean => account.commit !== undefined && (inbox.rights?.includes(right) ?? true)
  let count = messages.length
  let octets = allOctets
  let updating = Promise.resolve()
  return {
    name,
    account,
    uidValidity: inbox.uidValidity,
    messages,
    get count() {
      return count
    },
    get octets() {
      return octets
    },
    canDelete: may('e'),
    keptUniqueIds: null,
    begin: createReadAhead(account, inbox.id, messages),
    mark(message) {
      if (message.deleted) return
      message.deleted = true
      count--
      octets -= message.size
    },
    reset() {
      for (const message of messages) message.deleted = false
      count = messages.length
      octets = allOctets
    },
    update(markSeen) {
      updating = update(account, inbox.id, messages, markSeen && may('s'))
      return updating
    },
    settled: () => updating.catch(() => {}),
    async close() {
      await account.close?.()
    },
  }
}

function uidsOf(messages: readonly MaildropMessage[]): UidSet {
  return uidSetFromSorted(messages.map(({ uid }) => uid).sort((a, b) => a - b))
}

async function update(
  account: Account,
  mailbox: MailboxId,
  messages: readonly MaildropMessage[],
  markSeen: boolean,
): Promise<void> {
  const gone = uidsOf(messages.filter(({ deleted }) => deleted))
  const seen = markSeen ? uidsOf(messages.filter(({ deleted, retrieved }) => retrieved && !deleted)) : []
  const ops: Op[] = []
  if (seen.length > 0) ops.push({ op: 'flags', in: mailbox, uids: seen, mode: 'add', flags: Flag.Seen })
  if (gone.length > 0) ops.push({ op: 'expunge', in: mailbox, uids: gone, onlyDeleted: false })
  if (ops.length === 0) return
  if (!account.commit) throw new StoreError('readonly', 'this account can only be read')
  await account.commit(ops)
}
