import { chmodSync, existsSync } from 'node:fs'
import { type MetaEntry, requireAnnotating, requireRights } from '@posthouse/store-api'
import { BLOB_CACHE, type Connection, openForReading, type StoreFiles } from '../sql/connection.js'
import type { Driver } from '../sql/driver.js'
import { markRestored } from '../sql/restored.js'
import { accessList, accountsShownTo, guestRights } from '../sql/rights.js'
import type { Guest } from '../viewer.js'
import { mailboxes, subscriptions } from './mailboxes.js'
import { readOctets } from './octets.js'
import { readPage } from './page.js'
import type { ReadAnswers, ReadRequest } from './requests.js'
import { allUids, checkMailbox, vanishedUids } from './rows.js'
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

  /** A full-text index that is damaged is no reason to find nothing: the caller looks at the messages. */
  function searchAnyway({ mailbox, expr, guest }: Extract<ReadRequest, { type: 'search' }>): ReadAnswers['search'] {
    try {
      return search(index, mailbox, expr, hasSearch(), guest)
    } catch {
      return search(index, mailbox, expr, false, guest)
    }
  }

  function answer(request: ReadRequest): ReadAnswers[ReadRequest['type']] {
    if ('mailbox' in request && request.mailbox !== null) {
      checkMailbox(index, request.account, request.mailbox)
      if (request.guest) checkRights(index, request.mailbox, request.guest, request.type)
    }
    switch (request.type) {
      case 'open':
        return openFor(index, request.account, request.guest)
      case 'shared':
        return accountsShownTo(index, request.guest)
      case 'subscriptions':
        return subscriptions(index, request.account, request.principal)
      case 'acl':
        return accessList(index, request.mailbox)
      case 'resolve':
        return resolve(index, request.address)
      case 'mailboxes':
        return mailboxes(index, request.account, request.guest)
      case 'rows':
        return readPage(index, blobs, request)
      case 'uids':
        return allUids(index, request.mailbox)
      case 'vanished':
        return vanishedUids(index, request.mailbox, request.since)
      case 'octets':
        return readOctets(blobs, request)
      case 'search':
        return searchAnyway(request)
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
        return verify(index, blobs, files.tails)
      case 'backup':
        if (request.part === 'index') {
          backup(index, request.file)
          markRestored(driver, request.file)
          return []
        }
        backup(blobs, request.file)
        return blobs.allOnce('SELECT id FROM blob WHERE tail>0 AND done=1', []).map(([id]) => id as number)
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

function openFor(index: Connection, name: string, guest: Guest | null): number | null {
  if (guest && !accountsShownTo(index, guest).includes(name)) return null
  return (index.get('SELECT id FROM account WHERE name=?', name)?.[0] as number | undefined) ?? null
}

/** @throws StoreError `noperm`, `nonexistent` */
function checkRights(index: Connection, mailbox: number, guest: Guest, type: ReadRequest['type']): void {
  const rights = guestRights(index, mailbox, guest)
  if (type === 'meta') requireAnnotating(rights)
  else requireRights(rights, type === 'acl' ? 'a' : 'r')
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

function annotations(
  index: Connection,
  { account, mailbox, principal, prefix }: Extract<ReadRequest, { type: 'meta' }>,
): MetaEntry[] {
  const rows = index.all(
    `SELECT principal, key, value FROM meta
     WHERE account=? AND mailbox=? AND principal IN ('', ?) AND substr(key, 1, length(?))=? ORDER BY key`,
    account,
    mailbox ?? 0,
    principal,
    prefix,
    prefix,
  ) as unknown as [string, string, Uint8Array][]
  return rows.map(([whose, key, value]) => ({ key, value, ...(whose !== '' && { private: true }) }))
}

/** A copy of one file as of now, while others write. */
function backup(db: Connection, file: string): void {
  db.run('VACUUM INTO ?', file)
  chmodSync(file, 0o600)
}
