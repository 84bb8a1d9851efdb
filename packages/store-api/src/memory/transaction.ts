import { StoreError } from '../errors.js'
import { isInbox, normalizePath, pathKey } from '../mailbox-name.js'
import type {
  AppendOp,
  CopyOp,
  CreateOp,
  ExpungeOp,
  FlagsOp,
  MailboxId,
  MailboxOp,
  MailboxRef,
  MetaOp,
  Op,
  OpResult,
  Uid,
  UidSet,
} from '../types.js'
import { Flag } from '../types.js'
import { uidSetOf } from '../uid-set.js'
import type { Content, StoredAccount, StoredBlob, StoredMailbox, StoredMessage } from './state.js'

/** Limits that a commit keeps to. */
export interface MemoryLimits {
  /** Octets of all messages of an account. */
  readonly accountBytes: number
  /** Messages of an account. */
  readonly accountMessages: number
  /** Keywords in use in one mailbox. */
  readonly keywords: number
}

/** What a commit needs from the store around it. */
export interface TransactionContext {
  readonly account: StoredAccount
  readonly limits: MemoryLimits
  readonly now: number
  readonly rights: (mailbox: StoredMailbox, letter: string) => void
  readonly makeContent: (op: AppendOp) => Content
  readonly blobs: Map<string, StoredBlob>
  /** ms that the octets of a message stay readable after its last row is gone (R7). */
  readonly grace: number
}

const MAX_UID = 4294967295

/**
 * Applies ops to an account, all or nothing: every change notes how to undo it, and an error undoes them all (R4).
 * Everything of one commit has one modification sequence.
 */
export function applyOps(
  context: TransactionContext,
  ops: readonly Op[],
): { results: OpResult[]; touched: Set<MailboxId> } {
  const { account } = context
  const undo: (() => void)[] = []
  const touched = new Set<MailboxId>()
  const modseq = account.modseq + 1
  const results: OpResult[] = []

  /** Sets a property so that it can be set back. */
  function set<T, K extends keyof T>(target: T, key: K, value: T[K]): void {
    const before = target[key]
    undo.push(() => {
      target[key] = before
    })
    target[key] = value
  }

  function put<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
    const before = map.get(key)
    // Undone in reverse order, so that the order of insertion comes out as it was wherever it matters.
    undo.push(() => {
      if (before === undefined) map.delete(key)
      else map.set(key, before)
    })
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }

  function touch(mailbox: StoredMailbox): void {
    if (mailbox.modseq !== modseq) set(mailbox, 'modseq', modseq)
    if (account.modseq !== modseq) set(account, 'modseq', modseq)
    touched.add(mailbox.id)
  }

  function mailboxOf(ref: MailboxRef): StoredMailbox {
    const id = typeof ref === 'string' ? ref : results[ref.made]?.mailbox
    const mailbox = id === undefined ? undefined : account.mailboxes.get(id)
    if (!mailbox) throw new StoreError('nonexistent', 'there is no such mailbox')
    return mailbox
  }

  function count(mailbox: StoredMailbox, message: StoredMessage, sign: 1 | -1): void {
    if (!(message.flags & Flag.Seen)) set(mailbox, 'unseen', mailbox.unseen + sign)
    if (message.flags & Flag.Deleted) set(mailbox, 'deleted', mailbox.deleted + sign)
  }

  function spell(mailbox: StoredMailbox, keywords: readonly string[] | undefined): readonly string[] {
    if (!keywords || keywords.length === 0) return []
    const spelt = new Set<string>()
    for (const keyword of keywords) {
      const key = keyword.toLowerCase()
      const known = mailbox.keywords.get(key)
      if (known === undefined) {
        if (mailbox.keywords.size >= context.limits.keywords) {
          throw new StoreError('limit', `a mailbox may use ${context.limits.keywords} keywords`)
        }
        put(mailbox.keywords, key, keyword)
      }
      spelt.add(known ?? keyword)
    }
    return [...spelt]
  }

  function insert(mailbox: StoredMailbox, message: Omit<StoredMessage, 'uid' | 'modseq'>): Uid {
    if (mailbox.noSelect) throw new StoreError('nonexistent', 'this mailbox holds no messages')
    if (mailbox.uidNext > MAX_UID) throw new StoreError('limit', 'the mailbox has given out all its UIDs')
    const { content } = message
    if (
      account.bytes + content.size > context.limits.accountBytes ||
      account.messages >= context.limits.accountMessages
    ) {
      throw new StoreError('overquota', 'the account is full')
    }
    const uid = mailbox.uidNext
    const stored: StoredMessage = { ...message, uid, modseq }
    put(mailbox.messages, uid, stored)
    set(mailbox, 'uidNext', uid + 1)
    set(mailbox, 'bytes', mailbox.bytes + content.size)
    set(account, 'bytes', account.bytes + content.size)
    set(account, 'messages', account.messages + 1)
    const blob = context.blobs.get(content.blob)
    if (blob) set(blob, 'references', blob.references + 1)
    count(mailbox, stored, 1)
    touch(mailbox)
    return uid
  }

  function remove(mailbox: StoredMailbox, messages: readonly StoredMessage[]): UidSet {
    if (messages.length === 0) return []
    const uids = uidSetOf(messages.map((message) => message.uid))
    const { messages: map } = mailbox
    for (const message of messages) {
      map.delete(message.uid)
      count(mailbox, message, -1)
      set(mailbox, 'bytes', mailbox.bytes - message.content.size)
      set(account, 'bytes', account.bytes - message.content.size)
      set(account, 'messages', account.messages - 1)
      const blob = context.blobs.get(message.content.blob)
      if (blob) {
        set(blob, 'references', blob.references - 1)
        set(blob, 'keepUntil', Math.max(blob.keepUntil, context.now + context.grace))
      }
    }
    undo.push(() => restore(map, messages))
    mailbox.gone.push({ modseq, uids })
    undo.push(() => void mailbox.gone.pop())
    touch(mailbox)
    return uids
  }

  function change(mailbox: StoredMailbox, message: StoredMessage, flags: number, keywords: readonly string[]): boolean {
    if (flags === message.flags && sameKeywords(keywords, message.keywords)) return false
    count(mailbox, message, -1)
    const changed = { ...message, flags, keywords, modseq }
    put(mailbox.messages, message.uid, changed)
    count(mailbox, changed, 1)
    touch(mailbox)
    return true
  }

  const perform: { [K in Op['op']]: (op: Extract<Op, { op: K }>) => OpResult } = {
    append: (op) => append(op),
    copy: (op) => copy(op),
    move: (op) => copy(op),
    flags: (op) => flags(op),
    expunge: (op) => expunge(op),
    create: (op) => create(op),
    mailbox: (op) => update(op),
    drop: (op) => drop(op.id),
    subscribe(op) {
      const path = normalizePath(op.path)
      put(account.subscriptions, pathKey(path), op.on ? path : undefined)
      return {}
    },
    meta: (op) => annotate(op),
  }

  function append(op: AppendOp): OpResult {
    const mailbox = mailboxOf(op.to)
    const known = op.dedup === undefined ? undefined : account.delivered.get(op.dedup)
    if (known) return { ...known, duplicate: true }
    context.rights(mailbox, 'i')
    const uid = insert(mailbox, {
      flags: op.flags,
      keywords: spell(mailbox, op.keywords),
      internalDate: op.internalDate ?? context.now,
      saveDate: context.now,
      content: context.makeContent(op),
    })
    const result: OpResult = { mailbox: mailbox.id, uidValidity: mailbox.uidValidity, uids: [[uid, uid]] }
    if (op.dedup !== undefined) put(account.delivered, op.dedup, result)
    return result
  }

  function copy(op: CopyOp): OpResult {
    const from = mailboxOf(op.from)
    const to = mailboxOf(op.to)
    context.rights(from, op.op === 'move' ? 't' : 'r')
    context.rights(to, 'i')
    const messages = select(from, op.uids)
    const uids = messages.map((message) =>
      insert(to, { ...message, saveDate: context.now, keywords: spell(to, message.keywords) }),
    )
    if (op.op === 'move') remove(from, messages)
    return {
      mailbox: to.id,
      uidValidity: to.uidValidity,
      from: uidSetOf(messages.map((message) => message.uid)),
      uids: uidSetOf(uids),
    }
  }

  function flags(op: FlagsOp): OpResult {
    const mailbox = mailboxOf(op.in)
    const changed: Uid[] = []
    const modified: Uid[] = []
    const named = spell(mailbox, op.mode === 'remove' ? [] : op.keywords)
    const lowered = new Set(op.keywords?.map((keyword) => keyword.toLowerCase()))
    for (const message of select(mailbox, op.uids)) {
      if (op.unchangedSince !== undefined && message.modseq > op.unchangedSince) {
        modified.push(message.uid)
        continue
      }
      const bits =
        op.mode === 'set' ? op.flags : op.mode === 'add' ? message.flags | op.flags : message.flags & ~op.flags
      const keywords =
        op.mode === 'set'
          ? named
          : op.mode === 'add'
            ? [...new Set([...message.keywords, ...named])]
            : message.keywords.filter((keyword) => !lowered.has(keyword.toLowerCase()))
      checkFlagRights(mailbox, message, bits, keywords)
      if (change(mailbox, message, bits, keywords)) changed.push(message.uid)
    }
    return { mailbox: mailbox.id, uids: uidSetOf(changed), modified: uidSetOf(modified) }
  }

  function checkFlagRights(
    mailbox: StoredMailbox,
    message: StoredMessage,
    bits: number,
    keywords: readonly string[],
  ): void {
    const changed = bits ^ message.flags
    if (changed & Flag.Seen) context.rights(mailbox, 's')
    if (changed & Flag.Deleted) context.rights(mailbox, 't')
    if (changed & ~(Flag.Seen | Flag.Deleted) || !sameKeywords(keywords, message.keywords)) context.rights(mailbox, 'w')
  }

  function expunge(op: ExpungeOp): OpResult {
    const mailbox = mailboxOf(op.in)
    context.rights(mailbox, 'e')
    const messages = op.uids ? select(mailbox, op.uids) : [...mailbox.messages.values()]
    const doomed = op.onlyDeleted ? messages.filter((message) => message.flags & Flag.Deleted) : messages
    return { mailbox: mailbox.id, uids: remove(mailbox, doomed) }
  }

  function byPath(path: readonly string[]): StoredMailbox | undefined {
    const key = pathKey(path)
    for (const mailbox of account.mailboxes.values()) if (pathKey(mailbox.path) === key) return mailbox
    return undefined
  }

  function claimRole(role: string | undefined, except?: StoredMailbox): void {
    if (role === undefined) return
    for (const mailbox of account.mailboxes.values()) {
      if (mailbox !== except && mailbox.role === role) {
        throw new StoreError('exists', `another mailbox has the role ${role}`)
      }
    }
  }

  function create(op: CreateOp): OpResult {
    const path = normalizePath(op.path)
    if (byPath(path)) throw new StoreError('exists', 'a mailbox of this name exists')
    claimRole(op.role)
    const mailbox: StoredMailbox = {
      id: String(account.nextId),
      path,
      uidValidity: account.nextUidValidity,
      uidNext: 1,
      modseq,
      role: op.role,
      noSelect: false,
      unseen: 0,
      deleted: 0,
      bytes: 0,
      messages: new Map(),
      gone: [],
      keywords: new Map(),
    }
    set(account, 'nextId', account.nextId + 1)
    set(account, 'nextUidValidity', account.nextUidValidity + 1)
    put(account.mailboxes, mailbox.id, mailbox)
    touch(mailbox)
    return { mailbox: mailbox.id, uidValidity: mailbox.uidValidity }
  }

  function update(op: MailboxOp): OpResult {
    const mailbox = mailboxOf(op.id)
    if (op.path) {
      const path = normalizePath(op.path)
      if (isInbox(mailbox.path)) throw new StoreError('invalid', 'INBOX keeps its name; move its messages instead')
      const before = mailbox.path
      if (path.length > before.length && before.every((segment, i) => segment === path[i])) {
        throw new StoreError('invalid', 'a mailbox cannot be moved under itself')
      }
      const other = byPath(path)
      if (other && other !== mailbox) throw new StoreError('exists', 'a mailbox of this name exists')
      set(mailbox, 'path', path)
    }
    if (op.role !== undefined) {
      claimRole(op.role ?? undefined, mailbox)
      set(mailbox, 'role', op.role ?? undefined)
    }
    if (op.noSelect !== undefined) set(mailbox, 'noSelect', op.noSelect)
    touch(mailbox)
    return { mailbox: mailbox.id, uidValidity: mailbox.uidValidity }
  }

  function drop(id: MailboxId): OpResult {
    const mailbox = mailboxOf(id)
    if (isInbox(mailbox.path)) throw new StoreError('invalid', 'INBOX cannot be deleted')
    context.rights(mailbox, 'x')
    remove(mailbox, [...mailbox.messages.values()])
    put(account.mailboxes, id, undefined)
    for (const [key, entry] of [...account.meta]) if (entry.mailbox === id) put(account.meta, key, undefined)
    touch(mailbox)
    return { mailbox: id }
  }

  function annotate(op: MetaOp): OpResult {
    const mailbox = op.mailbox === undefined ? null : mailboxOf(op.mailbox)
    const key = [mailbox?.id ?? '', op.private ? 'private' : 'shared', op.key].join('\0')
    const entry = op.value && {
      key: op.key,
      value: op.value.slice(),
      mailbox: mailbox?.id ?? null,
      ...(op.private && { private: true }),
    }
    put(account.meta, key, entry ?? undefined)
    if (account.modseq !== modseq) set(account, 'modseq', modseq)
    return mailbox ? { mailbox: mailbox.id } : {}
  }

  try {
    for (const op of ops) results.push((perform[op.op] as (op: Op) => OpResult)(op))
  } catch (error) {
    for (const step of undo.reverse()) step()
    throw error
  }
  return { results, touched }
}

/** The messages of a mailbox that a set names, ascending. Costs the smaller of both. */
export function select(mailbox: StoredMailbox, uids: UidSet | undefined): StoredMessage[] {
  const { messages } = mailbox
  if (!uids) return [...messages.values()]
  let named = 0
  for (const [lo, hi] of uids) named += hi - lo + 1
  const found: StoredMessage[] = []
  if (named <= messages.size) {
    for (const [lo, hi] of uids) {
      for (let uid = lo; uid <= hi; uid++) {
        const message = messages.get(uid)
        if (message) found.push(message)
      }
    }
    return found
  }
  let range = 0
  for (const message of messages.values()) {
    while (range < uids.length && uids[range][1] < message.uid) range++
    if (range === uids.length) break
    if (uids[range][0] <= message.uid) found.push(message)
  }
  return found
}

function sameKeywords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((keyword) => b.includes(keyword))
}

/** Puts messages back between those that stayed, in UID order. */
function restore(map: Map<Uid, StoredMessage>, messages: readonly StoredMessage[]): void {
  const all = [...map.values(), ...messages].sort((a, b) => a.uid - b.uid)
  map.clear()
  for (const message of all) map.set(message.uid, message)
}
