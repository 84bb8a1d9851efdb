export { oauthBearerClient, xoauth2Client } from './bearer.js'
export { chooseMechanisms, standardClientMechanisms } from './choose.js'
export { cramMd5Client } from './cram-md5.js'
export { externalClient } from './external.js'
export { loginClient } from './login.js'
export type {
  SaslClientContext,
  SaslClientExchange,
  SaslClientMechanism,
  SaslCredentials,
} from './mechanism.js'
export { plainClient } from './plain.js'
export { type ScramClientOptions, scramClient } from './scram.js'
