import { existsSync } from 'node:fs'
import { type MetaEntry, StoreError } from '@posthouse/store-api'
import { BLOB_CACHE, type Connection, openForReading, type StoreFiles } from '../sql/connection.js'
import type { Driver } from '../sql/driver.js'
import { readOctets } from './octets.js'
import type { MailboxRow, ReadAnswers, ReadRequest } from './requests.js'
import { allUids, changedUids, checkMailbox, readRows, vanishedUids } from './rows.js'
import { search } from './search.js'
import { verify } from './verify.js'

/** Answers questions over connections of its own; every question sees all that was committed before it (R3). */
export interface StoreReader {
  /** @throws StoreError */
  answer<T extends ReadRequest['type']>(request: Extract<ReadRequest, { type: T }>): ReadAnswers[T]
  close(): void
}

/** Opens the files for reading; the writer has made them before. */
export function createReader(driver: Driver, files: StoreFiles, busyTimeout: number): StoreReader {
  const index = openForReading(driver, files.index, busyTimeout)
  const blobs = openForReading(driver, files.blobs, busyTimeout, BLOB_CACHE)
  let dataVersion = -1
  let attached = false

  /** The full-text index is there as soon as anybody has made it. */
  function hasSearch(): boolean {
    if (!attached && existsSync(files.search)) {
      index.run('ATTACH DATABASE ? AS search', files.search)
      attached = true
    }
    return attached
  }

  function answer(request: ReadRequest): ReadAnswers[ReadRequest['type']] {
    if ('mailbox' in request && request.mailbox !== null) checkMailbox(index, request.account, request.mailbox)
    switch (request.type) {
      case 'open':
        return (index.get('SELECT id FROM account WHERE name=?', request.account)?.[0] as number | undefined) ?? null
      case 'resolve':
        return resolve(index, request.address)
      case 'mailboxes':
        return mailboxes(index, request.account)
      case 'rows':
        return readRows(index, blobs, request)
      case 'changed':
        return changedUids(index, request.mailbox, request.since)
      case 'uids':
        return allUids(index, request.mailbox)
      case 'vanished':
        return vanishedUids(index, request.mailbox, request.since)
      case 'octets':
        return readOctets(blobs, request)
      case 'search':
        return search(index, request.mailbox, request.expr, hasSearch())
      case 'unindexed':
        return hasSearch() ? unindexed(index, blobs, request.limit) : []
      case 'quota':
        return index.get(
          'SELECT bytes, messages, bytes_limit, messages_limit FROM account WHERE id=?',
          request.account,
        ) as unknown as ReadAnswers['quota']
      case 'meta':
        return annotations(index, request)
      case 'poll': {
        const version = index.get('PRAGMA data_version')?.[0] as number
        if (version === dataVersion && !request.always) return null
        dataVersion = version
        return request.accounts.map((id) => index.get('SELECT modseq FROM account WHERE id=?', id)?.[0] as number)
      }
      case 'verify':
        return verify(index, blobs)
      case 'backup':
        return backup(request.part === 'index' ? index : blobs, request.file)
    }
  }

  return {
    answer: answer as StoreReader['answer'],
    close() {
      index.close()
      blobs.close()
    },
  }
}

function unindexed(index: Connection, blobs: Connection, limit: number): ReadAnswers['unindexed'] {
  const rows = index.all(
    'SELECT id, blob FROM content WHERE id > (SELECT done FROM search.progress) ORDER BY id LIMIT ?',
    limit,
  ) as unknown as [number, number][]
  return rows.map(([id, blob]) => [id, blob, (blobs.get('SELECT size FROM blob WHERE id=?', blob)?.[0] as number) ?? 0])
}

function resolve(index: Connection, address: string): string | null {
  const row = index.get('SELECT a.name FROM address d JOIN account a ON a.id=d.account WHERE d.address=?', address)
  return (row?.[0] as string | undefined) ?? null
}

function mailboxes(index: Connection, account: number): ReadAnswers['mailboxes'] {
  const rows = index.all(
    `SELECT m.id, m.path, m.uidvalidity, m.uidnext, m.modseq, m.total, m.unseen, m.deleted, m.bytes, m.role, m.noselect,
       s.path IS NOT NULL
     FROM mailbox m INDEXED BY mailbox_path LEFT JOIN subscription s ON s.account=m.account AND s.path=m.path
     WHERE m.account=? AND m.dropped_at IS NULL ORDER BY m.id`,
    account,
  ) as unknown as MailboxRow[]
  const keywords = index.all(
    `SELECT k.mailbox, k.name FROM mailbox m INDEXED BY mailbox_path CROSS JOIN keyword k ON k.mailbox=m.id
     WHERE m.account=? AND m.dropped_at IS NULL`,
    account,
  ) as unknown as [number, string][]
  return { rows, keywords }
}

function annotations(
  index: Connection,
  { account, mailbox, principal, prefix }: Extract<ReadRequest, { type: 'meta' }>,
): MetaEntry[] {
  const rows = index.all(
    `SELECT principal, key, value FROM meta
     WHERE account=?1 AND mailbox=?2 AND principal IN ('', ?3) AND substr(key, 1, length(?4))=?4 ORDER BY key`,
    account,
    mailbox ?? 0,
    principal,
    prefix,
  ) as unknown as [string, string, Uint8Array][]
  return rows.map(([whose, key, value]) => ({ key, value, ...(whose !== '' && { private: true }) }))
}

/** A copy of one file as of now, while others write. */
function backup(db: Connection, file: string): null {
  if (existsSync(file)) throw new StoreError('exists', `${file} exists; a backup goes into an empty folder`)
  db.run('VACUUM INTO ?', file)
  return null
}
