import { checkNumber, checkOneOf, checkOptions, type OptionTable } from '@posthouse/wire'
import { type OpenConnectionOptions, openConnection } from '@posthouse/wire/node'
import { clientLimits } from '../client/client.js'
import { type Pop3Client, type Pop3ClientOptions, startPop3Client } from '../client/index.js'

/** Where the server is, how the connection is encrypted, and who logs in. */
export interface ConnectPop3Options
  extends Omit<OpenConnectionOptions, 'implicitTls' | 'tls' | 'host' | 'port'>,
    Omit<Pop3ClientOptions, 'tls' | 'credentials' | 'host' | 'port'> {
  /** Name or address. */
  readonly host: string
  /** Default: 995 with `implicit`, 110 otherwise. */
  readonly port?: number
  /**
   * `implicit`: TLS from the first octet. `required`, `opportunistic`: by STLS. `never`: clear text.
   * Default: `implicit` when no port or 995 is given, `required` otherwise.
   */
  readonly tls?: 'implicit' | 'required' | 'opportunistic' | 'never'
  /** What the server's certificate must be, as `node:tls` takes it. Default: a trusted one for `host`. */
  readonly tlsOptions?: OpenConnectionOptions['tls']
  readonly credentials?: Pop3ClientOptions['credentials']
}

const OPTIONS: OptionTable<ConnectPop3Options> = {
  host: 1,
  port: 0,
  path: 0,
  localAddress: 0,
  lookup: 0,
  verifyPeer: 0,
  connectTimeout: 0,
  highWaterMark: 0,
  signal: 0,
  mechanisms: 0,
  allowInsecureAuth: 0,
  limits: 0,
  tls: 0,
  tlsOptions: 0,
  credentials: 0,
}

/**
 * Opens a session with a POP3 server.
 * @throws ConnectionError when no connection comes about, Pop3ClientError when the server refuses; TypeError for
 * options or limits that there are not, that are missing, or of another kind; RangeError for a port or a limit out of its
 * range.
 */
export async function connectPop3(options: ConnectPop3Options): Promise<Pop3Client> {
  checkOptions('connectPop3', options, OPTIONS)
  checkOneOf('tls', options.tls, ['implicit', 'required', 'opportunistic', 'never'])
  checkNumber('port', options.port, 0, 65_535)
  clientLimits(options.limits)
  const { tls = options.port === undefined || options.port === 995 ? 'implicit' : 'required', tlsOptions } = options
  const { tls: _, port: __, ...rest } = options
  const port = options.port ?? (tls === 'implicit' ? 995 : 110)
  const connection = await openConnection({
    ...rest,
    port,
    implicitTls: tls === 'implicit',
    ...(tlsOptions && { tls: tlsOptions }),
  })
  const policy = tls === 'implicit' ? 'never' : tls
  return startPop3Client(connection, { ...rest, port, tls: policy, credentials: options.credentials ?? null })
}
