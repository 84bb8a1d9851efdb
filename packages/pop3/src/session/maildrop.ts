import { type Account, type MailboxId, StoreError, type Uid, uidSetFromSorted } from '@posthouse/store-api'

/** One message of the maildrop as it was at login. */
export interface MaildropMessage {
  readonly uid: Uid
  /** Octets as served. */
  readonly size: number
  readonly blob: string
  readonly prefix: Uint8Array | null
  deleted: boolean
}

/** The mailbox of one session: message numbers are fixed at login and never move (RFC 1939 §5). */
export interface Maildrop {
  readonly uidValidity: number
  /** By message number minus one. */
  readonly messages: readonly MaildropMessage[]
  /** Messages not marked as deleted, and the octets of them. */
  total(): { readonly count: number; readonly octets: number }
  /** The octets of a message. */
  read(message: MaildropMessage): AsyncIterable<Uint8Array>
  /** Removes what is marked as deleted, in one commit. Messages that are gone already are no error. */
  update(): Promise<void>
  close(): Promise<void>
}

/** Reads the maildrop's rows; no message is opened. */
export async function openMaildrop(account: Account): Promise<Maildrop> {
  const inbox = (await account.mailboxes()).find(({ path }) => path.length === 1 && path[0] === 'INBOX')
  if (!inbox) throw new StoreError('nonexistent', 'the account has no INBOX')
  const messages: MaildropMessage[] = []
  for await (const rows of account.messages(inbox.id, {})) {
    for (const { uid, size, blob, prefix } of rows) {
      messages.push({ uid, size, blob, prefix: prefix ?? null, deleted: false })
    }
  }
  return {
    uidValidity: inbox.uidValidity,
    messages,
    total() {
      let count = 0
      let octets = 0
      for (const message of messages) {
        if (message.deleted) continue
        count++
        octets += message.size
      }
      return { count, octets }
    },
    async *read({ blob, prefix }) {
      if (prefix) yield prefix
      yield* account.read(blob)
    },
    update: () => remove(account, inbox.id, messages),
    async close() {
      await account.close?.()
    },
  }
}

async function remove(account: Account, mailbox: MailboxId, messages: readonly MaildropMessage[]): Promise<void> {
  const uids = messages.filter(({ deleted }) => deleted).map(({ uid }) => uid)
  if (uids.length === 0) return
  if (!account.commit) throw new StoreError('readonly', 'this account can only be read')
  await account.commit([{ op: 'expunge', in: mailbox, uids: uidSetFromSorted(uids), onlyDeleted: false }])
}
