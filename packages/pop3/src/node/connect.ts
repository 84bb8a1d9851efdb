import { type OpenConnectionOptions, openConnection } from '@posthouse/wire/node'
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

/**
 * Opens a session with a POP3 server.
 * @throws ConnectionError when no connection comes about, Pop3ClientError when the server refuses.
 */
export async function connectPop3(options: ConnectPop3Options): Promise<Pop3Client> {
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
