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

/** One message of the maildrop as it was at login. */
export interface MaildropMessage {
  readonly uid: Uid
  /** Octets as served. */
  readonly size: number
  readonly blob: string
  readonly emailId: string
  /** Change it through `Maildrop.mark` and `reset`, which count. */
  deleted: boolean
  /** RETR has sent all of it. */
  retrieved: boolean
}

/** The mailbox of one session: message numbers are fixed at login and never move (RFC 1939 §5). */
export interface Maildrop {
  readonly account: Account
  readonly uidValidity: number
  /** By message number minus one. */
  readonly messages: readonly MaildropMessage[]
  /** Messages not marked as deleted, and the octets of them. */
  readonly count: number
  readonly octets: number
  /** False when QUIT could not remove anything: the store or the rights of who logged in do not allow it. */
  readonly canDelete: boolean
  /**
   * What stands before the blob of the message with a number, empty when there is nothing.
   * @throws StoreError `nonexistent` when the message is gone.
   */
  prefix(number: number): Promise<Uint8Array>
  /** Marks a message as deleted. */
  mark(message: MaildropMessage): void
  /** Takes all marks back. */
  reset(): void
  /**
   * Removes what is marked, and with `markSeen` makes what was retrieved `\Seen`, in one commit. Messages that are
   * gone already are no error.
   */
  update(markSeen: boolean): Promise<void>
  close(): Promise<void>
}

/** Reads the maildrop's rows; no message is opened. The account is closed when that fails. */
export async function openMaildrop(account: Account, options: Required<MaildropOptions>): Promise<Maildrop> {
  try {
    const inbox = (await account.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
    if (!inbox) throw new StoreError('nonexistent', 'the account has no INBOX')
    return createMaildrop(account, inbox, await readMessages(account, inbox.id, options))
  } catch (reason) {
    await account.close?.()
    throw reason
  }
}

async function readMessages(
  account: Account,
  inbox: MailboxId,
  { hideSeen, maxMessages, newestFirst }: Required<MaildropOptions>,
): Promise<MaildropMessage[]> {
  let messages: MaildropMessage[] = []
  for await (const rows of account.messages(inbox, { light: true })) {
    for (const { uid, size, blob, flags, emailId } of rows) {
      if (hideSeen && flags & Flag.Seen) continue
      messages.push({ uid, size, blob, emailId, deleted: false, retrieved: false })
    }
  }
  if (messages.length > maxMessages) messages = messages.slice(messages.length - maxMessages)
  return newestFirst ? messages.reverse() : messages
}

function createMaildrop(account: Account, inbox: MailboxInfo, messages: readonly MaildropMessage[]): Maildrop {
  const allOctets = messages.reduce((sum, { size }) => sum + size, 0)
  const may = (right: string): boolean => account.commit !== undefined && (inbox.rights?.includes(right) ?? true)
  const prefixes = createPrefixes(account, inbox.id, messages)
  let count = messages.length
  let octets = allOctets
  return {
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
    prefix: prefixes,
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
    update: (markSeen) => update(account, inbox.id, messages, markSeen && may('s')),
    async close() {
      await account.close?.()
    },
  }
}

/** Messages whose prefixes are looked up together: clients read one message after the other, upwards or downwards. */
const BLOCK = 100

/** Prefixes are not part of the listing, where looking for each of them would take most of the time. */
function createPrefixes(
  account: Account,
  inbox: MailboxId,
  messages: readonly MaildropMessage[],
): (number: number) => Promise<Uint8Array> {
  let known = new Map<Uid, Uint8Array>()

  return async (number) => {
    const { uid } = messages[number - 1]
    let prefix = known.get(uid)
    if (prefix) return prefix
    const from = number - 1 - ((number - 1) % BLOCK)
    const uids = uidsOf(messages.slice(from, from + BLOCK))
    known = new Map()
    for await (const rows of account.messages(inbox, { uids })) {
      for (const row of rows) known.set(row.uid, row.prefix ?? NOTHING)
    }
    prefix = known.get(uid)
    if (!prefix) throw new StoreError('nonexistent', 'the message is gone')
    return prefix
  }
}

const NOTHING = new Uint8Array(0)

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
