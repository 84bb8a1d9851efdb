import { cramMd5 } from './cram-md5.js'
import { external } from './external.js'
import { login } from './login.js'
import type { SaslMechanism } from './mechanism.js'
import { oauthBearer } from './oauthbearer.js'
import { plain } from './plain.js'
import { type ScramOptions, scram } from './scram/server.js'
import { xoauth2 } from './xoauth2.js'

/** What `standardMechanisms` takes; everything has a default. */
export interface StandardMechanismsOptions {
  readonly scram?: ScramOptions
  /** Told to clients whose token is refused. */
  readonly scope?: string
  readonly openidConfiguration?: string
  /** Offers CRAM-MD5 too, when the verifier has `sharedSecret`. Default: false. */
  readonly cramMd5?: boolean
  /** Stands in CRAM-MD5's challenge. */
  readonly hostname?: string
}

/**
 * Everything that is worth offering, in the order of preference. A verifier decides what is really offered: a
 * mechanism whose method it lacks is not.
 */
export function standardMechanisms(options: StandardMechanismsOptions = {}): readonly SaslMechanism[] {
  const { scope, openidConfiguration, hostname } = options
  const bearer = {
    ...(scope === undefined ? {} : { scope }),
    ...(openidConfiguration === undefined ? {} : { openidConfiguration }),
  }
  return [
    external(),
    ...scram(options.scram),
    oauthBearer(bearer),
    xoauth2(bearer),
    plain,
    login,
    ...(options.cramMd5 ? [cramMd5(hostname === undefined ? {} : { hostname })] : []),
  ]
}
