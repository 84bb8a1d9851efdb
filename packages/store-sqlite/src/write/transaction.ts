import {
  type FlagPermit,
  flagPermit,
  isInbox,
  type MailboxId,
  type MailboxRef,
  type Op,
  type OpResult,
  StoreError,
  type UidSet,
} from '@posthouse/store-api'
import { joinPath, type PathText } from '../paths.js'
import { guestRights } from '../sql/rights.js'
import type { Guest } from '../viewer.js'
import { noteExpunged } from './expunge-log.js'
import type { AccountState, Batch, MailboxState } from './state.js'

/** One commit of one account inside a group. */
export interface Transaction {
  readonly batch: Batch
  readonly account: AccountState
  /** Whose private annotations are meant. */
  readonly principal: string
  /** The principal when it is not the owner. */
  readonly guest: Guest | null
  /** What the account held before. */
  readonly before: Held
  /** Does an op of it take messages away? */
  readonly makesRoom: boolean
  /** Flags that the principal may set in a mailbox. */
  permit(mailbox: MailboxState): FlagPermit
  /** The number that everything of this commit gets. */
  readonly modseq: number
  readonly results: OpResult[]
  /** @throws StoreError `nonexistent` */
  mailboxOf(ref: MailboxRef): MailboxState
  /** Raises the mailbox's and the account's modification sequence (R5). */
  touch(mailbox: MailboxState): void
  /** Raises the account's alone: for what is not in messages, of a mailbox or of the account. */
  touchAccount(mailbox?: MailboxState): void
  /** Notes UIDs as gone from a mailbox. */
  gone(mailbox: MailboxState, uids: UidSet): void
  /** Writes what was noted. @throws StoreError `overquota` */
  finish(): void
}

/** What counts for a quota. */
type Held = Pick<AccountState, 'bytes' | 'messages'>

/** @throws StoreError `overquota`: with so much more the account holds more than it may, and than `before` */
export function checkQuota(account: AccountState, before: Held, messages = 0, bytes = 0): void {
  const isOver = (name: keyof Held, limit: number | null, more: number) =>
    limit !== null && account[name] + more > limit && account[name] + more > before[name]
  if (isOver('bytes', account.bytesLimit, bytes)) {
    throw new StoreError('overquota', `the account may hold ${account.bytesLimit} octets`)
  }
  if (isOver('messages', account.messagesLimit, messages)) {
    throw new StoreError('overquota', `the account may hold ${account.messagesLimit} messages`)
  }
}

/** Begins a commit. */
export function beginTransaction(
  batch: Batch,
  account: AccountState,
  guest: Guest | null = null,
  ops: readonly Op[] = [],
): Transaction {
  const modseq = account.modseq + 1
  const results: OpResult[] = []
  /** What others are told of; `undefined` is the account. */
  const touched = new Set<MailboxState | undefined>()
  const gone = new Map<MailboxState, UidSet[number][]>()
  const before = { bytes: account.bytes, messages: account.messages }
  const makesRoom = ops.some(({ op }) => op === 'expunge' || op === 'drop')

  function touchAccount(mailbox?: MailboxState): void {
    touched.add(mailbox)
    batch.changing(account)
    account.modseq = modseq
  }

  return {
    batch,
    account,
    principal: guest?.principal ?? account.name,
    guest,
    before,
    makesRoom,
    permit: ({ id }) => flagPermit(guest ? guestRights(batch.index, id, guest) : undefined),
    modseq,
    results,
    mailboxOf(ref) {
      const name = typeof ref === 'string' ? ref : results[ref.made]?.mailbox
      const id = name === undefined ? undefined : mailboxNumber(name)
      const mailbox = id === undefined ? undefined : batch.mailbox(id)
      if (!mailbox || mailbox.account !== account.id || mailbox.dropped) {
        throw new StoreError('nonexistent', 'there is no such mailbox')
      }
      return mailbox
    },
    touch(mailbox) {
      batch.changing(mailbox)
      touchAccount(mailbox)
      mailbox.modseq = modseq
    },
    touchAccount,
    gone(mailbox, uids) {
      const all = gone.get(mailbox) ?? []
      for (const range of uids) all.push(range)
      gone.set(mailbox, all)
    },
    finish() {
      if (makesRoom) checkQuota(account, before)
      for (const [mailbox, uids] of gone) noteExpunged(batch, mailbox, modseq, uids)
      for (const mailbox of touched)
        batch.notes.push({ account: account.name, ...(mailbox && { mailbox: String(mailbox.id) }), modseq })
    },
  }
}

/** The number behind a mailbox id; `undefined` for what never was one. */
export function mailboxNumber(id: MailboxId): number | undefined {
  if (id.length === 0 || id.length > 15) return undefined
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return undefined
  }
  return Number(id)
}

/** The live mailbox of a path. */
export function mailboxByPath(batch: Batch, account: AccountState, path: PathText): MailboxState | undefined {
  const key = `${account.id} ${path}`
  if (batch.paths.has(key)) return batch.paths.get(key)
  const row = batch.index.get(
    'SELECT id FROM mailbox WHERE account=? AND path=? AND dropped_at IS NULL',
    account.id,
    path,
  )
  const mailbox = row && batch.mailbox(row[0] as number)
  batch.paths.set(key, mailbox)
  return mailbox
}

/** Makes a mailbox. @throws StoreError `exists`, `limit` */
export function makeMailbox(tx: Transaction, path: readonly string[], role: string | undefined): MailboxState {
  const { batch, account } = tx
  const text = joinPath(path)
  if (mailboxByPath(batch, account, text)) throw new StoreError('exists', 'a mailbox of this name exists')
  if (role !== undefined) claimRole(tx, role)
  const have = batch.index.get(
    'SELECT count(*) FROM mailbox INDEXED BY mailbox_path WHERE account=? AND dropped_at IS NULL',
    account.id,
  )?.[0] as number
  if (have >= batch.limits.mailboxes) {
    throw new StoreError('limit', `an account may have ${batch.limits.mailboxes} mailboxes`)
  }
  if (account.nextValidity > 0xffffffff) throw new StoreError('limit', 'the account has used up its UIDVALIDITY values')
  batch.changing(account)
  const uidValidity = account.nextValidity++
  const row = batch.index.get(
    `INSERT INTO mailbox(account, path, uidvalidity, uidnext, modseq, floor, role) VALUES(?,?,?,1,?,0,?) RETURNING id`,
    account.id,
    text,
    uidValidity,
    tx.modseq,
    role ?? null,
  )
  const mailbox: MailboxState = {
    id: row?.[0] as number,
    account: account.id,
    uidValidity,
    path: text,
    uidNext: 1,
    modseq: tx.modseq,
    total: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    role: role ?? null,
    noSelect: false,
    dropped: false,
  }
  batch.adopt(mailbox)
  batch.paths.clear()
  tx.touch(mailbox)
  return mailbox
}

/** @throws StoreError `exists` when another mailbox of the account has the role. */
export function claimRole(tx: Transaction, role: string, except?: MailboxState): void {
  const row = tx.batch.index.get(
    'SELECT id FROM mailbox WHERE account=? AND role=? AND dropped_at IS NULL',
    tx.account.id,
    role,
  )
  if (row && row[0] !== except?.id) throw new StoreError('exists', `another mailbox has the role ${role}`)
}

/** Is this the account's INBOX? */
export function isInboxText(path: PathText): boolean {
  return isInbox([path])
}
