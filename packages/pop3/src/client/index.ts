export {
  DEFAULT_CLIENT_LIMITS,
  type Pop3Client,
  type Pop3ClientLimits,
  type Pop3ClientOptions,
  type Pop3Listing,
  type Pop3UniqueId,
  startPop3Client,
} from './client.js'
export { Pop3ClientError, type Pop3ClientErrorCode } from './errors.js'
