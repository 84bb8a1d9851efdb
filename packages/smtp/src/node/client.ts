import { ConnectionError, checkNumber, checkOptions, type OptionTable } from '@posthouse/wire'
import { type OpenConnectionOptions, openConnection } from '@posthouse/wire/node'
import { connectionFailure } from '../client/errors.js'
import { type SmtpClient, SmtpClientError, type SmtpClientOptions, startSmtpClient } from '../client/index.js'
import { clientLimits } from '../client/limits.js'

/** Where the server is, how the connection is encrypted, and who logs in. */
export interface ConnectSmtpOptions
  extends Omit<OpenConnectionOptions, 'implicitTls' | 'tls' | 'host' | 'port'>,
    Omit<SmtpClientOptions, 'tls' | 'host' | 'port'> {
  /** Name or address. Default: `localhost`. */
  readonly host?: string
  /** Default: 465 with `implicit`, 587 with `auth`, 24 for LMTP, else 25. Not looked at when there is a `path`. */
  readonly port?: number
  /**
   * - `implicit`: TLS from the first octet.
   * - `required`: by STARTTLS, or not at all.
   * - `opportunistic`: STARTTLS when the server offers it. Without a name to be verified no certificate is better than
   *   clear text, so any will do, and a handshake that fails leads to a connection in clear text (RFC 7435).
   * - `never`: clear text.
   *
   * Default: `implicit` on port 465; `required` with `auth` or on port 587; `never` through a Unix socket; else
   * `opportunistic`.
   */
  readonly tls?: 'implicit' | 'required' | 'opportunistic' | 'never'
  /** What the server's certificate must be, as `node:tls` takes it. Default: a trusted one for `host`. */
  readonly tlsOptions?: OpenConnectionOptions['tls']
  /** Opens the connection; for proxies and tests. Default: `openConnection` of `@posthouse/wire/node`. */
  readonly connect?: typeof openConnection
}

const OPTIONS: OptionTable<ConnectSmtpOptions> = {
  host: 0,
  port: 0,
  path: 0,
  localAddress: 0,
  lookup: 0,
  verifyPeer: 0,
  connectTimeout: 0,
  highWaterMark: 0,
  signal: 0,
  protocol: 0,
  hostname: 0,
  auth: 0,
  mechanisms: 0,
  allowInsecureAuth: 0,
  content: 0,
  downgrade: 0,
  ignore: 0,
  limits: 0,
  transcript: 0,
  timer: 0,
  tls: 0,
  tlsOptions: 0,
  connect: 0,
}

/**
 * Opens a session with an SMTP or LMTP server. The `signal` gives up the opening; afterwards each `send` has its own.
 * @throws SmtpClientError; TypeError for options or limits that there are not, or of another kind; RangeError for a port or a
 * limit out of its range.
 */
export async function connectSmtp(options: ConnectSmtpOptions): Promise<SmtpClient> {
  checkOptions('connectSmtp', options, OPTIONS)
  checkNumber('port', options.port, 0, 65_535)
  clientLimits(options.limits)
  const { host = 'localhost' } = options
  const tls = options.tls ?? defaultTls(options)
  const port = options.port ?? defaultPort(options, tls)
  try {
    return await open({ ...options, host, port }, tls)
  } catch (reason) {
    const failed = reason instanceof SmtpClientError && reason.code === 'tls' && !isInjected(reason)
    if (tls !== 'opportunistic' || !failed || options.signal?.aborted) throw reason
    return open({ ...options, host, port }, 'never')
  }
}

/** As `connectSmtp`, for LMTP (RFC 2033): each recipient has a reply of its own. */
export function connectLmtp(options: Omit<ConnectSmtpOptions, 'protocol'>): Promise<SmtpClient> {
  return connectSmtp({ ...options, protocol: 'lmtp' })
}

type Policy = NonNullable<ConnectSmtpOptions['tls']>

async function open(options: ConnectSmtpOptions & { host: string; port: number }, policy: Policy): Promise<SmtpClient> {
  const { connect = openConnection, tls: _, tlsOptions, signal, ...rest } = options
  const how = policy === 'opportunistic' ? { rejectUnauthorized: false, ...tlsOptions } : tlsOptions
  const opening = new AbortController()
  const giveUp = (): void => opening.abort(signal?.reason)
  if (signal?.aborted) giveUp()
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    const connection = await connect({
      ...rest,
      signal: opening.signal,
      implicitTls: policy === 'implicit',
      ...(how && { tls: how }),
    })
    return await startSmtpClient(
      connection,
      { ...rest, tls: policy === 'implicit' ? 'never' : policy },
      { ...(signal && { signal }) },
    )
  } catch (reason) {
    throw connectionFailure(reason)
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
}

/** What was injected in front of TLS was an attack; clear text would be its success. */
function isInjected({ cause }: SmtpClientError): boolean {
  return cause instanceof ConnectionError && cause.code === 'injected'
}

function defaultTls({ port, path, auth }: ConnectSmtpOptions): Policy {
  if (port === 465) return 'implicit'
  if (port === 587 || auth) return 'required'
  return path === undefined ? 'opportunistic' : 'never'
}

function defaultPort({ protocol, auth }: ConnectSmtpOptions, tls: Policy): number {
  if (tls === 'implicit') return 465
  if (protocol === 'lmtp') return 24
  return auth ? 587 : 25
}
