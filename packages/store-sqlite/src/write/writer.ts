import { existsSync } from 'node:fs'
import { isStoreError } from '@posthouse/store-api'
import type { SqliteLimits } from '../limits.js'
import { checkInUse } from '../sql/check-files.js'
import {
  type Connection,
  isBusy,
  openForWriting,
  openSearchForWriting,
  type StoreFiles,
  storeErrorOf,
} from '../sql/connection.js'
import type { Driver } from '../sql/driver.js'
import { rollBack } from '../sql/roll-back.js'
import { BLOBS_SCHEMA, INDEX_SCHEMA } from '../sql/schema.js'
import { removeTails, sweepTails } from '../tail/files.js'
import { blobNumbers, deleteBlob, type KnownBlob, putChunks, putWhole, renewLease } from './blobs.js'
import { perform, type RowRequest } from './perform.js'
import type { Failure, GroupResult, Reply, WriteRequest } from './requests.js'
import { forgetTexts, type IndexRequest, indexTexts } from './search-index.js'
import { type ChangeNote, createBatch, SavepointsWanted } from './state.js'

/**
 * Group commit: whatever waits is done in one transaction, so that one flush of the disk pays for all of it. Octets
 * come first, in a transaction of their own: they are on the disk before any row that names them.
 *
 * A request that the store refuses (`StoreError`) fails alone. When the database itself fails (disk full), the group
 * is undone and its requests are tried one by one, so that one large message does not take the others with it.
 */
export interface Writer {
  /** Does the requests. Those that found the files locked by another process have `null` for an answer: ask again. */
  run(requests: readonly WriteRequest[], now: number): GroupResult
  close(): void
}

/** Does the request change nothing but octets? */
export function isOctets(request: WriteRequest): request is BlobRequest {
  return request.type === 'put' || request.type === 'discard' || request.type === 'restage'
}

type BlobRequest = Extract<WriteRequest, { type: 'put' | 'discard' | 'restage' }>
/** A delivery that brings its octets along. */
type OctetDelivery = Extract<WriteRequest, { type: 'deliver' }> & { readonly from: Uint8Array }

function bringsOctets(request: WriteRequest): request is OctetDelivery {
  return request.type === 'deliver' && typeof request.from !== 'string'
}

/** Opens the files and makes them when needed. `busyTimeout`: ms for which `run` may block while others write. */
export function createWriter(
  driver: Driver,
  files: StoreFiles,
  limits: SqliteLimits,
  busyTimeout: number,
  now: number,
): Writer {
  const { index, blobs } = openForWriting(driver, files, busyTimeout, now)
  /** What deliveries have brought. One that finds the index locked is asked again, and its octets are there by then. */
  const brought = new WeakMap<WriteRequest, KnownBlob>()
  const broughtBy = (request: WriteRequest): KnownBlob | undefined => brought.get(request)
  let search: Connection | undefined
  let swept = false

  const hasSearch = (): boolean => existsSync(files.search)

  function openSearch(): Connection {
    search ??= openSearchForWriting(driver, files, busyTimeout)
    return search
  }

  /** What the collector has removed leaves the full-text index. */
  function forgetCollected(): void {
    try {
      forgetTexts(index, () => (hasSearch() ? openSearch() : undefined))
    } catch {
      // It is locked, or its disk is full: it is written down what has to go, and the next time comes.
    }
  }

  /** Messages name octets that have no row while somebody looks for the right `blobs.db`. */
  function isTailWanted(blob: number): boolean {
    return (
      (blobs.get('SELECT 1 FROM blob WHERE id=?', blob) ??
        index.get('SELECT 1 FROM content WHERE blob=? LIMIT 1', blob)) !== undefined
    )
  }

  function runBlobs(
    requests: readonly (BlobRequest | OctetDelivery)[],
    now: number,
  ): { replies: Reply[]; done: () => void } {
    checkInUse(blobs, files.blobs, BLOBS_SCHEMA)
    const tails: number[] = []
    const numbers = blobNumbers(blobs)
    const replies = requests.map((request): Reply => {
      try {
        if (request.type === 'deliver') return { value: putWhole(blobs, numbers, request.from, now, limits) }
        if (request.type === 'put') return { value: putChunks(blobs, numbers, request, now, limits) }
        if (request.type === 'restage') return { value: renewLease(blobs, request.blob, now + limits.lease) }
        if (deleteBlob(blobs, request.blob)) tails.push(request.blob)
        return { value: null }
      } catch (error) {
        if (!isStoreError(error)) throw error
        return { failure: { code: error.code, message: error.message } }
      }
    })
    numbers.flush()
    return { replies, done: () => removeTails(files.tails, tails) }
  }

  function runIndex(requests: readonly RowRequest[], now: number, savepoints: boolean, notes: ChangeNote[]): Reply[] {
    checkInUse(index, files.index, INDEX_SCHEMA)
    const batch = createBatch({ index, blobs, tails: files.tails, hasSearch, limits, now, broughtBy, savepoints })
    try {
      const replies = requests.map((request): Reply => {
        try {
          return { value: perform(batch, request) }
        } catch (error) {
          if (!isStoreError(error)) throw error
          return { failure: { code: error.code, message: error.message } }
        }
      })
      batch.flush()
      for (const note of batch.notes) notes.push(note)
      return replies
    } finally {
      batch.releaseBlobs()
    }
  }

  /** The octets of a delivery are durable: it has no answer yet, its rows come now. */
  function goOn(request: WriteRequest, replies: (Reply | null)[], place: number): void {
    const reply = replies[place]
    if (!bringsOctets(request) || !reply || 'failure' in reply) return
    brought.set(request, { id: reply.value as number, size: request.from.byteLength })
    replies[place] = null
  }

  /** Whatever becomes of it, the rest of the group is durable and has its answers. */
  function runTexts(requests: readonly WriteRequest[], texts: readonly number[], replies: (Reply | null)[]): void {
    try {
      const db = openSearch()
      const one = (i: number): Reply => ({ value: indexTexts(index, db, requests[i] as IndexRequest) })
      group(db, texts, replies, (some) => some.map(one))
    } catch (error) {
      const { code, message } = storeErrorOf(error)
      for (const i of texts) replies[i] = { failure: { code, message } }
    }
  }

  function truncateLogs(): void {
    for (const db of [index, blobs, ...(search ? [search] : [])]) {
      try {
        // Not worth waiting for: another process may be at work, and SQLite does it bit by bit anyway.
        db.exec(`PRAGMA optimize; PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE)`)
      } catch {
        // Statistics and a short log are a help, not a duty.
      } finally {
        db.exec(`PRAGMA busy_timeout=${busyTimeout}`)
      }
    }
  }

  return {
    run(requests, now) {
      const replies: (Reply | null)[] = new Array(requests.length).fill(null)
      const notes: ChangeNote[] = []
      const octets: number[] = []
      const rows: number[] = []
      const texts: number[] = []
      const idle: number[] = []
      requests.forEach((request, i) => {
        if (isOctets(request) || (bringsOctets(request) && !brought.has(request))) octets.push(i)
        if (request.type === 'index') texts.push(i)
        else if (request.type === 'idle') idle.push(i)
        else if (!isOctets(request)) rows.push(i)
      })
      group(blobs, octets, replies, (some) =>
        runBlobs(
          some.map((i) => requests[i] as BlobRequest | OctetDelivery),
          now,
        ),
      )
      for (const i of octets) goOn(requests[i], replies, i)
      if (!swept && requests.some(({ type }) => type === 'maintain')) {
        swept = true
        sweepTails(files.tails, isTailWanted)
      }
      const ready = rows.filter((i) => !bringsOctets(requests[i]) || brought.has(requests[i]))
      group(index, ready, replies, (some, savepoints) => {
        const fresh: ChangeNote[] = []
        const wanted = some.map((i) => requests[i] as RowRequest)
        return {
          replies: runIndex(wanted, now, savepoints, fresh),
          done() {
            for (const note of fresh) notes.push(note)
          },
        }
      })
      if (requests.some(({ type }) => type === 'maintain')) forgetCollected()
      if (texts.length > 0) runTexts(requests, texts, replies)
      for (const i of idle) {
        truncateLogs()
        replies[i] = { value: null }
      }
      return { replies, notes }
    },
    close() {
      truncateLogs()
      index.close()
      blobs.close()
      search?.close()
    },
  }
}

/** What a group answers; `done` runs once it is durable. */
type GroupWork = (
  some: readonly number[],
  savepoints: boolean,
) => Reply[] | { readonly replies: Reply[]; readonly done: () => void }

function group(db: Connection, some: readonly number[], replies: (Reply | null)[], work: GroupWork): void {
  if (some.length === 0) return
  let outcome = attempt(db, some, false, work)
  if (outcome.type === 'again') outcome = attempt(db, some, true, work)
  if (outcome.type === 'busy' || outcome.type === 'again') return
  if (outcome.type === 'done') {
    some.forEach((place, i) => {
      replies[place] = outcome.replies[i]
    })
    return
  }
  if (some.length === 1) {
    replies[some[0]] = { failure: outcome.failure }
    return
  }
  for (const place of some) group(db, [place], replies, work)
}

type Outcome =
  | { readonly type: 'done'; readonly replies: Reply[] }
  | { readonly type: 'busy' }
  /** With savepoints. */
  | { readonly type: 'again' }
  | { readonly type: 'failed'; readonly failure: Failure }

function attempt(db: Connection, some: readonly number[], savepoints: boolean, work: GroupWork): Outcome {
  try {
    db.execute('BEGIN IMMEDIATE')
  } catch (error) {
    return isBusy(error) ? { type: 'busy' } : failed(error)
  }
  try {
    const result = work(some, savepoints)
    db.execute('COMMIT')
    if (Array.isArray(result)) return { type: 'done', replies: result }
    result.done()
    return { type: 'done', replies: result.replies }
  } catch (error) {
    rollBack(db)
    if (error instanceof SavepointsWanted) return { type: 'again' }
    return isBusy(error) ? { type: 'busy' } : failed(error)
  }
}

function failed(error: unknown): Outcome {
  const { code, message } = storeErrorOf(error)
  return { type: 'failed', failure: { code, message } }
}
