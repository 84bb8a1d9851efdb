import type { SqliteLimits } from '../limits.js'
import type { ReadRequest } from '../read/requests.js'
import type { StoreFiles } from '../sql/connection.js'
import type { DriverName } from '../sql/driver.js'
import type { Failure, GroupResult, WriteRequest } from '../write/requests.js'

/** What a worker is told when it starts. */
export interface WorkerSettings {
  readonly role: 'writer' | 'reader'
  readonly driver: DriverName
  readonly files: StoreFiles
  readonly limits: SqliteLimits
  /** ms since the epoch. */
  readonly now: number
}

/** To a worker. Groups are numbered, so that answers find their questions. */
export type ToWorker =
  | {
      readonly id: number
      readonly type: 'write'
      readonly requests: readonly WriteRequest[]
      /** Moved along with the requests, whose octets stand in them. */
      readonly buffers: readonly ArrayBufferLike[]
      readonly now: number
    }
  /** What was asked in one turn of the event loop. */
  | { readonly type: 'read'; readonly questions: readonly ReadQuestion[] }
  | { readonly id: number; readonly type: 'close' }

/** One question of a reader. */
export interface ReadQuestion {
  readonly id: number
  readonly request: ReadRequest
}

/** An answer; `id: 0` says how the start of the worker went. */
export type WorkerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure }

/** From a worker. */
export interface FromWorker {
  readonly answers: readonly WorkerAnswer[]
  /** Buffers that were moved to the worker and are free again. */
  readonly spare?: readonly ArrayBufferLike[]
}

export type { GroupResult }
