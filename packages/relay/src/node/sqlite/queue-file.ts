/** The queue's file: requests in, answers out, a group of them in one transaction and with one flush of the disk. */
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database, Driver } from '@posthouse/store-sqlite'
import { RelayError } from '../../errors.js'
import { claim, recover } from './claim.js'
import { type Destinations, openDestinations } from './destinations.js'
import { cancel, hold, list, release, status, unblock } from './manage.js'
import { discardReserved, enqueue, readChunk, reserve, writeChunk } from './messages.js'
import { checkOwner, leave, signOfLife, start } from './owner.js'
import type { Answers, Reply, Request, RequestType } from './requests.js'
import { prepareDatabase, type Sql } from './schema.js'
import { settle } from './settle.js'

export interface QueueFile {
  /** Does the requests; durable when it returns. One that cannot be done fails alone. */
  run(requests: readonly Request[], now: number): readonly Reply[]
  close(): void
}

/** ms for which the file may be locked by another process, such as one that lists the queue. */
const BUSY = 10_000

/** Mail is nobody else's business: the file, and its log by it, is for its owner alone. One that is there stays as it is. */
function openFile(driver: Driver, path: string): Database {
  if (path === ':memory:') return driver.open(path, { readOnly: false })
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const isNew = !statSync(path, { throwIfNoEntry: false })?.size
  const db = driver.open(path, { readOnly: false })
  if (isNew) chmodSync(path, 0o600)
  return db
}

/** Opens the file and makes it where there is none. @throws RelayError `unavailable` */
export function openQueueFile(driver: Driver, path: string): QueueFile {
  let sql: Sql
  try {
    sql = prepareDatabase(openFile(driver, path), BUSY)
  } catch (error) {
    throw relayErrorOf(error)
  }
  const destinations = openDestinations(sql)

  /** In a transaction that has begun. */
  function attempt(requests: readonly Request[], now: number): readonly Reply[] {
    try {
      const replies = requests.map((request): Reply => {
        // These look at all destinations, so that all of them must be as the requests before have left them.
        if (request.type === 'claim' || request.type === 'status') destinations.flush(now)
        return { value: perform(sql, destinations, request, now) }
      })
      destinations.flush(now)
      sql.exec('COMMIT')
      return replies
    } catch (error) {
      destinations.forget()
      try {
        sql.exec('ROLLBACK')
      } catch {
        // SQLite rolls back by itself after some failures (disk full, I/O).
      }
      throw error
    }
  }

  function run(requests: readonly Request[], now: number): readonly Reply[] {
    try {
      sql.exec('BEGIN IMMEDIATE')
    } catch (error) {
      // Another process has the file: each of them alone would wait as long again.
      return requests.map(() => failureOf(error))
    }
    try {
      return attempt(requests, now)
    } catch (error) {
      if (requests.length === 1) return [failureOf(error)]
      return requests.map((request) => run([request], now)[0])
    }
  }

  return {
    run,
    close() {
      try {
        sql.exec('PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE)')
      } catch {
        // A short log is a help, not a duty.
      }
      sql.close()
    },
  }
}

function perform(sql: Sql, destinations: Destinations, request: Request, now: number): Answers[RequestType] {
  switch (request.type) {
    case 'enqueue':
      enqueue(sql, destinations, request.message)
      return null
    case 'reserve':
      return reserve(sql, request.id, now)
    case 'chunk':
      writeChunk(sql, request.mid, request.number, request.octets)
      return null
    case 'discard':
      discardReserved(sql, request.mid)
      return null
    case 'start':
      return start(sql, destinations, request, now)
    case 'alive':
      return signOfLife(sql, destinations, request.token, now)
    case 'recover':
      checkOwner(sql, request.token)
      recover(sql, destinations, new Set(request.hands.map(Number)))
      return null
    case 'leave':
      leave(sql, request.token)
      return null
    case 'claim':
      checkOwner(sql, request.token)
      return claim(sql, destinations, request.options)
    case 'settle':
      checkOwner(sql, request.token)
      settle(sql, destinations, request.settlement)
      return null
    case 'read': {
      const mid = sql.get('SELECT mid FROM message WHERE id=? AND complete=1', request.message)?.[0] as number
      if (mid === undefined) throw new RelayError('unavailable', `no message ${request.message} is in the queue`)
      return readChunk(sql, mid, request.number)
    }
    case 'hold':
      return hold(sql, destinations, request.which)
    case 'release':
      return release(sql, destinations, request.which, request.at)
    case 'unblock':
      unblock(sql, destinations, request.which)
      return null
    case 'cancel':
      return cancel(sql, destinations, request.which)
    case 'list':
      return list(sql, destinations, request.query)
    case 'status':
      return status(sql)
  }
}

function failureOf(error: unknown): Reply {
  const { code, message } = relayErrorOf(error)
  return { failure: { code, message } }
}

function relayErrorOf(error: unknown): RelayError {
  if (error instanceof RelayError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new RelayError('unavailable', `the queue's file failed: ${message}`, { cause: error })
}
