import type { SqliteLimits } from '../limits.js'
import type { StoreFiles } from '../sql/connection.js'
import type { ChangeNote } from '../write/state.js'

/** What a backend needs to know. */
export interface BackendOptions {
  readonly files: StoreFiles
  readonly limits: SqliteLimits
  /** ms since the epoch. */
  readonly clock: () => number
  readonly onNotes: (notes: readonly ChangeNote[]) => void
}
