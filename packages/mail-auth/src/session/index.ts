export {
  type DkimKey,
  type DkimKeys,
  type DkimSignOptions,
  dkimSign,
  type SignMessageOptions,
  signMessage,
} from './dkim-sign.js'
export type { Resolve } from './dns.js'
export { DEFAULT_LIMITS, type MailAuthLimits } from './limits.js'
export {
  type ArcResult,
  type AuthResult,
  type DkimResult,
  type DmarcResult,
  type MailAuthentication,
  mailAuthentication,
  type SpfResult,
} from './results.js'
export type { AuthPolicy, VerifyMailOptions } from './verify-mail.js'
