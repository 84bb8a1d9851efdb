import {
  type CommitResult,
  guardOp,
  isStoreError,
  normaliseMailboxPath,
  type Op,
  type OpResult,
  StoreError,
} from '@posthouse/store-api'
import { contentNumber } from '../blob-id.js'
import { joinPath } from '../paths.js'
import { FIRST_MODSEQ, FIRST_VALIDITY } from '../sql/restored.js'
import { guestRights } from '../sql/rights.js'
import type { Guest } from '../viewer.js'
import { changeAcl, inheritAcl, parentOf } from './acl.js'
import { annotate } from './annotations.js'
import { append, appendTo } from './append.js'
import type { KnownBlob } from './blobs.js'
import { copy } from './copy.js'
import { expunge } from './expunge.js'
import { changeFlags } from './flags.js'
import { forgetGuest } from './forget-guest.js'
import { holdCollector } from './hold.js'
import { create, drop, subscribe, update } from './mailbox.js'
import { maintain } from './maintain.js'
import type { Answers, Failure, QuotaLimit, WriteRequest } from './requests.js'
import type { Batch, MailboxState } from './state.js'
import { beginTransaction, mailboxByPath, makeMailbox, type Transaction } from './transaction.js'

/** Requests that change the index. */
export type RowRequest = Exclude<WriteRequest, { type: 'put' | 'discard' | 'restage' | 'index' | 'idle' }>

/** Does one request inside a group; its failure leaves no trace. */
export function perform(batch: Batch, request: RowRequest): Answers[RowRequest['type']] {
  switch (request.type) {
    case 'commit':
      return batch.attempt(() => commit(batch, request))
    case 'deliver':
      return deliver(batch, request)
    case 'account':
      return batch.attempt(() => addAccount(batch, request.name, request.limit))
    case 'remove':
      return batch.attempt(() => removeAccount(batch, request.name))
    case 'address':
      return batch.attempt(() => setAddress(batch, request.address, request.account))
    case 'summaries':
      return batch.attempt(() => writeSummaries(batch, request.account, request.rows))
    case 'maintain':
      return batch.attempt(() => maintain(batch))
    case 'hold':
      return holdCollector(batch.index, request.name, request.until, batch.now)
  }
}

function commit(batch: Batch, request: Extract<RowRequest, { type: 'commit' }>): CommitResult {
  const { guest, ops } = request
  const state = batch.accountById(request.account)
  // The owner's keys as they are; NUL stands in no name.
  const key = request.key !== undefined && guest ? `${guest.principal}\0${request.key}` : request.key
  if (key !== undefined) {
    const known = batch.index.get('SELECT result FROM committed WHERE account=? AND key=?', state.id, key)
    if (known) return JSON.parse(known[0] as string) as CommitResult
  }
  const tx = beginTransaction(batch, state, guest, ops)
  for (const op of ops) {
    if (guest) guard(tx, guest, op)
    tx.results.push(performOp(tx, op))
  }
  tx.finish()
  const result: CommitResult = { modseq: state.modseq, results: tx.results }
  if (key !== undefined) {
    batch.index.execute(
      'INSERT INTO committed(account, key, result, at) VALUES(?,?,?,?)',
      state.id,
      key,
      JSON.stringify(result),
      batch.now,
    )
  }
  return result
}

/** @throws StoreError `noperm`, `nonexistent` */
function guard(tx: Transaction, guest: Guest, op: Op): void {
  const { index } = tx.batch
  guardOp(op, {
    of: (ref) => guestRights(index, tx.mailboxOf(ref).id, guest),
    above(path) {
      const parent = parentOf(tx, path)
      return parent ? guestRights(index, parent.id, guest) : ''
    },
  })
}

function performOp(tx: Transaction, op: Op): OpResult {
  switch (op.op) {
    case 'append':
      return append(tx, op)
    case 'copy':
    case 'move':
      return copy(tx, op)
    case 'flags':
      return changeFlags(tx, op)
    case 'expunge':
      return expunge(tx, op)
    case 'create':
      return create(tx, op)
    case 'mailbox':
      return update(tx, op)
    case 'drop':
      return drop(tx, op)
    case 'subscribe':
      return subscribe(tx, op)
    case 'acl':
      return changeAcl(tx, op)
    case 'meta':
      return annotate(tx, op)
  }
}

/** One staged message into many accounts: each recipient succeeds or fails alone. */
function deliver(batch: Batch, request: Extract<RowRequest, { type: 'deliver' }>): (OpResult | Failure)[] {
  const { delivery, from } = request
  const staged = typeof from === 'string' ? from : (batch.broughtBy(request) as KnownBlob)
  return delivery.to.map((target) => {
    try {
      return batch.attempt(() => {
        const tx = beginTransaction(batch, batch.accountByName(target.account))
        const path = normaliseMailboxPath(target.path ?? ['INBOX'])
        const mailbox =
          mailboxByPath(batch, tx.account, joinPath(path)) ?? inboxIfKnown(tx, target.dedup) ?? newMailbox(tx, path)
        const message = {
          summary: delivery.summary,
          ...(delivery.header && { header: delivery.header }),
          ...(delivery.thread && { thread: delivery.thread }),
          ...(target.prefix && { prefix: target.prefix }),
          flags: target.flags ?? 0,
          ...(target.keywords && { keywords: target.keywords }),
          dedup: target.dedup,
        }
        const result = appendTo(tx, mailbox, message, staged)
        tx.finish()
        return result
      })
    } catch (error) {
      if (!isStoreError(error)) throw error
      return { code: error.code, message: error.message }
    }
  })
}

/** What is repeated makes nothing: not the mailbox again that was deleted since. Any other will do to answer. */
function inboxIfKnown(tx: Transaction, dedup: string): MailboxState | undefined {
  const sql = 'SELECT 1 FROM delivered WHERE account=? AND key=?'
  return tx.batch.index.get(sql, tx.account.id, dedup)
    ? mailboxByPath(tx.batch, tx.account, joinPath(['INBOX']))
    : undefined
}

function newMailbox(tx: Transaction, path: readonly string[]): MailboxState {
  const mailbox = makeMailbox(tx, path, undefined)
  inheritAcl(tx, mailbox, path)
  return mailbox
}

/** Makes an account with its INBOX; an account that exists only gets its limits. */
function addAccount(batch: Batch, name: string, limit: QuotaLimit | undefined): null {
  // A file knows no halves of surrogate pairs: different ones would come back as the same name.
  if (name === '' || name.includes('\0') || Buffer.from(name).toString() !== name)
    throw new StoreError('invalid', 'an account needs a name that is Unicode, without NUL')
  const { index } = batch
  // R8: not even an account that is made anew uses a UIDVALIDITY again.
  const counter = 'coalesce((SELECT value FROM counter WHERE name=?), 1)'
  const isNew =
    index.run(
      `INSERT OR IGNORE INTO account(name, modseq, next_validity) SELECT ?, ${counter},
         max(coalesce(max(next_validity), 1), ${counter}) FROM account INDEXED BY account_former WHERE former=?`,
      name,
      FIRST_MODSEQ,
      FIRST_VALIDITY,
      name,
    ) > 0
  const account = batch.accountByName(name)
  if (limit?.bytes !== undefined) {
    batch.changing(account)
    account.bytesLimit = wholeLimit(limit.bytes)
    index.execute('UPDATE account SET bytes_limit=? WHERE id=?', account.bytesLimit, account.id)
  }
  if (limit?.messages !== undefined) {
    batch.changing(account)
    account.messagesLimit = wholeLimit(limit.messages)
    index.execute('UPDATE account SET messages_limit=? WHERE id=?', account.messagesLimit, account.id)
  }
  if (isNew) {
    const tx = beginTransaction(batch, account)
    makeMailbox(tx, ['INBOX'], undefined)
    tx.finish()
  }
  return null
}

/** Limits are often shares of something: fractions are left out. @throws StoreError `invalid` */
function wholeLimit(limit: number | null): number | null {
  if (limit === null) return null
  if (!Number.isFinite(limit))
    throw new StoreError('invalid', `a quota is a number, or null for none, and not ${limit}`)
  return Math.trunc(limit)
}

/**
 * Removes an account with all that is in it. One row for each mailbox changes now; messages are purged in steps, octets
 * collected when nobody reads them any more. Whoever has it open is told that it is not there. What others shared with it is
 * not shared with the next one of its name.
 */
function removeAccount(batch: Batch, name: string): null {
  const { index, now } = batch
  const account = batch.accountByName(name)
  // NUL stands in no name: the name is free at once. Other processes hear of it by the modification sequence.
  index.execute(
    `UPDATE account SET removed_at=?, former=name, name=char(0) || id, bytes=0, messages=0, modseq=?, next_validity=?
     WHERE id=?`,
    now,
    account.modseq + 1,
    account.nextValidity,
    account.id,
  )
  index.execute('UPDATE mailbox SET dropped_at=? WHERE account=? AND dropped_at IS NULL', now, account.id)
  index.execute('DELETE FROM address WHERE account=?', account.id)
  forgetGuest(index, name)
  batch.forget(account)
  batch.paths.clear()
  batch.notes.push({ account: name, modseq: account.modseq + 1 })
  return null
}

function setAddress(batch: Batch, address: string, account: string | null): null {
  if (account === null) batch.index.execute('DELETE FROM address WHERE address=?', address)
  else {
    const { id } = batch.accountByName(account)
    batch.index.execute('INSERT OR REPLACE INTO address(address, account) VALUES(?,?)', address, id)
  }
  return null
}

function writeSummaries(
  batch: Batch,
  account: number,
  rows: readonly { readonly emailId: string; readonly summary: Uint8Array }[],
): null {
  const { id } = batch.accountById(account)
  for (const { emailId, summary } of rows) {
    const content = contentNumber(emailId)
    if (content === undefined) continue
    batch.index.execute('UPDATE content SET summary=? WHERE id=? AND account=?', summary, content, id)
  }
  return null
}
