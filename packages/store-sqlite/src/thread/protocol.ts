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
}

/** To a worker. Groups are numbered, so that answers find their questions. */
export type ToWorker =
  | { readonly id: number; readonly type: 'write'; readonly requests: readonly WriteRequest[]; readonly now: number }
  | { readonly id: number; readonly type: 'read'; readonly request: ReadRequest }
  | { readonly id: number; readonly type: 'close' }

/** From a worker; `id: 0` says how its start went. */
export type FromWorker =
  /** `spare`: buffers that were moved to the worker and are free again. */
  | { readonly id: number; readonly value: unknown; readonly spare?: readonly ArrayBuffer[] }
  | { readonly id: number; readonly failure: Failure }

export type { GroupResult }
