import {
  type Account,
  Flag,
  type MailboxId,
  type Op,
  StoreError,
  type Uid,
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
  readonly prefix: Uint8Array | null
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

/** Reads the maildrop's rows; no message is opened. */
export async function openMaildrop(account: Account, options: Required<MaildropOptions>): Promise<Maildrop> {
  const inbox = (await account.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
  if (!inbox) throw new StoreError('nonexistent', 'the account has no INBOX')
  let messages: MaildropMessage[] = []
  for await (const rows of account.messages(inbox.id, {})) {
    for (const { uid, size, blob, prefix, flags, emailId } of rows) {
      if (options.hideSeen && flags & Flag.Seen) continue
      messages.push({ uid, size, blob, emailId, prefix: prefix ?? null, deleted: false, retrieved: false })
    }
  }
  if (messages.length > options.maxMessages) messages = messages.slice(messages.length - options.maxMessages)
  if (options.newestFirst) messages.reverse()
  const allOctets = messages.reduce((sum, { size }) => sum + size, 0)
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
    update: (markSeen) => update(account, inbox.id, messages, markSeen),
    async close() {
      await account.close?.()
    },
  }
}

async function update(
  account: Account,
  mailbox: MailboxId,
  messages: readonly MaildropMessage[],
  markSeen: boolean,
): Promise<void> {
  const uidsOf = (which: (message: MaildropMessage) => boolean) =>
    uidSetFromSorted(
      messages
        .filter(which)
        .map(({ uid }) => uid)
        .sort((a, b) => a - b),
    )
  const gone = uidsOf(({ deleted }) => deleted)
  const seen = markSeen ? uidsOf(({ deleted, retrieved }) => retrieved && !deleted) : []
  const ops: Op[] = []
  if (seen.length > 0 && account.commit)
    ops.push({ op: 'flags', in: mailbox, uids: seen, mode: 'add', flags: Flag.Seen })
  if (gone.length > 0) ops.push({ op: 'expunge', in: mailbox, uids: gone, onlyDeleted: false })
  if (ops.length === 0) return
  if (!account.commit) throw new StoreError('readonly', 'this account can only be read')
  await account.commit(ops)
}
