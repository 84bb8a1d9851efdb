export { DEFAULT_LIMITS, type SqliteLimits } from './limits.js'
export type { VerifyReport } from './read/requests.js'
export {
  type Database,
  DRIVER_NAMES,
  type Driver,
  type DriverName,
  loadDriver,
  type SqlRow,
  type SqlValue,
  type Statement,
} from './sql/driver.js'
export type { SqliteAccount } from './store/account.js'
export type { FullTextOptions } from './store/indexer.js'
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from './store/store.js'
export type { QuotaLimit } from './write/requests.js'
export type { SearchText } from './write/search-index.js'
