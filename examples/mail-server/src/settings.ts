/** The example server's settings, read from environment variables; the README lists them. */
export interface Settings {
  readonly host: string
  /** `null`: this listener is not started. 0: any free port. */
  readonly ports: Readonly<Record<ListenerName, number | null>>
  /** Listeners whose port nobody asked for: when the default one is taken, any free one will do. */
  readonly movable: ReadonlySet<ListenerName>
  /** Lower case. */
  readonly domains: readonly string[]
  readonly users: readonly { readonly address: string; readonly password: string }[]
  /** Folder of the store and the certificate. */
  readonly data: string
  /** PEM files; `null`: a certificate is made at first start and kept in the data folder. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Port of `/healthz`, `/readyz` and `/metrics`; `null`: not started. */
  readonly statusPort: number | null
  /** Processes that share the ports and the store; `null`: one process without any others. */
  readonly workers: number | null
  readonly logLevel: string
  /** The name of this machine: in greetings, EHLO, Received fields and notices. */
  readonly hostname: string
  /** How mail goes to other domains; `null`: it does not. */
  readonly relay: RelaySettings | null
  /** PEM file and selector of the key that mail of users is signed with; `null`: it is not. */
  readonly dkim: { readonly key: string; readonly selector: string } | null
  /** Addresses of content filters, in order. */
  readonly milters: readonly string[]
  /** SPF, DKIM, DMARC and ARC of mail that comes in: not looked at, noted, or what its policy refuses is refused. */
  readonly check: 'off' | 'note' | 'enforce'
  /** The DNS server; `null`: those of the system. */
  readonly resolver: string | null
}

export interface RelaySettings {
  /** Takes all mail for other domains; `null`: their MX records. */
  readonly smartHost: URL | null
  /** Address to others; `@domain` for its unknown users. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
  /** The port of other domains' servers. */
  readonly port: number
  /** DNS may lead to this machine: for tests. */
  readonly loopback: boolean
  /** MTA-STS and DANE. */
  readonly tlsPolicies: boolean
}

/** The listeners in the order in which the ready line names them, with their default ports. */
export const LISTENERS = {
  smtp: 2525,
  submission: 2587,
  lmtp: 2024,
  imap: 2143,
  pop3: 2110,
  submissions: 2465,
  imaps: 2993,
  pop3s: 2995,
} as const

export type ListenerName = keyof typeof LISTENERS

export const LISTENER_NAMES = Object.keys(LISTENERS) as ListenerName[]

/**
 * Reads the settings.
 * @throws Error that names the variable and what it may be.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const ports = Object.fromEntries(
    LISTENER_NAMES.map((name) => {
      const variable = `POSTHOUSE_${name.toUpperCase()}_PORT`
      return [name, readPort(variable, env[variable], LISTENERS[name])]
    }),
  ) as Record<ListenerName, number | null>
  const movable = new Set(LISTENER_NAMES.filter((name) => !env[`POSTHOUSE_${name.toUpperCase()}_PORT`]))
  const cert = env.POSTHOUSE_TLS_CERT
  const key = env.POSTHOUSE_TLS_KEY
  if (Boolean(cert) !== Boolean(key))
    throw new Error('POSTHOUSE_TLS_CERT and POSTHOUSE_TLS_KEY go together: set both or neither')
  const domains = readList(env.POSTHOUSE_DOMAINS || 'example.test').map((domain) => domain.toLowerCase())
  return {
    host: env.POSTHOUSE_HOST || '127.0.0.1',
    ports,
    movable,
    domains,
    users: readList(env.POSTHOUSE_USERS || 'alice@example.test:secret,bob@example.test:secret').map(readUser),
    data: env.POSTHOUSE_DATA || './data',
    tls: cert && key ? { cert, key } : null,
    statusPort: readPort('POSTHOUSE_STATUS_PORT', env.POSTHOUSE_STATUS_PORT, null),
    workers: readWorkers(env.POSTHOUSE_WORKERS),
    logLevel: readLogLevel(env),
    hostname: env.POSTHOUSE_HOSTNAME || (domains[0] ?? 'localhost'),
    relay: readRelay(env),
    dkim: env.POSTHOUSE_DKIM_KEY
      ? { key: env.POSTHOUSE_DKIM_KEY, selector: env.POSTHOUSE_DKIM_SELECTOR || 'mail' }
      : null,
    milters: readList(env.POSTHOUSE_MILTERS || ''),
    check: readChoice('POSTHOUSE_CHECK', env.POSTHOUSE_CHECK, ['off', 'note', 'enforce']),
    resolver: env.POSTHOUSE_RESOLVER || null,
  }
}

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

function readLogLevel(env: Readonly<Record<string, string | undefined>>): string {
  const level = env.POSTHOUSE_LOG_LEVEL || (env.POSTHOUSE_DEBUG ? 'debug' : 'info')
  if (LOG_LEVELS.includes(level)) return level
  throw new Error(`POSTHOUSE_LOG_LEVEL is "${level}"; it may be ${LOG_LEVELS.join(', ')}`)
}

function readRelay(env: Readonly<Record<string, string | undefined>>): RelaySettings | null {
  if (readChoice('POSTHOUSE_RELAY', env.POSTHOUSE_RELAY, ['on', 'off']) === 'off') return null
  return {
    smartHost: env.POSTHOUSE_SMART_HOST ? readSmartHost(env.POSTHOUSE_SMART_HOST) : null,
    aliases: readAliases(env.POSTHOUSE_ALIASES || ''),
    port: readPort('POSTHOUSE_RELAY_PORT', env.POSTHOUSE_RELAY_PORT, 25) || 25,
    loopback: readChoice('POSTHOUSE_RELAY_LOOPBACK', env.POSTHOUSE_RELAY_LOOPBACK, ['off', 'on']) === 'on',
    tlsPolicies: readChoice('POSTHOUSE_TLS_POLICIES', env.POSTHOUSE_TLS_POLICIES, ['on', 'off']) === 'on',
  }
}

/** The first choice is the default. */
function readChoice<Choice extends string>(
  variable: string,
  text: string | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const choice = choices.find((one) => one === (text || choices[0]))
  if (choice) return choice
  throw new Error(`${variable} is "${text}"; it may be ${choices.join(', ')}`)
}

/** `host`, `host:port`, or `smtp://user:password@host:587`, `smtps://user:password@host`. Never shown: it has a password. */
function readSmartHost(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `smtp://${text}`)
  if (url?.hostname && (url.protocol === 'smtp:' || url.protocol === 'smtps:')) return url
  throw new Error(
    'POSTHOUSE_SMART_HOST must be like "mail.example.net:587" or "smtp://user:password@mail.example.net:587"',
  )
}

/** `info@example.test=alice@example.test+bob@example.org,@example.test=alice@example.test` */
function readAliases(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    readList(text).map((item) => {
      const equals = item.indexOf('=')
      const [alias, targets] = [item.slice(0, equals), item.slice(equals + 1)]
      if (equals < 1 || !alias.includes('@') || targets === '') {
        throw new Error('POSTHOUSE_ALIASES must be a list like "info@example.test=alice@example.test+bob@example.test"')
      }
      return [alias.toLowerCase(), targets.split('+').map((target) => target.trim())] as const
    }),
  )
}

function readWorkers(text: string | undefined): number | null {
  if (!text) return null
  const workers = Number(text)
  if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers
  throw new Error(`POSTHOUSE_WORKERS is "${text}"; it may be a number from 1 to 256`)
}

function readList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function readPort<Fallback extends number | null>(
  variable: string,
  text: string | undefined,
  fallback: Fallback,
): number | Fallback | null {
  if (text === undefined || text === '') return fallback
  if (text === 'off') return null
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${variable} is "${text}"; it may be a port from 1 to 65535, 0 for any free one, or "off"`)
  }
  return port
}

/** `address:password`; the password may hold colons. */
function readUser(text: string): { address: string; password: string } {
  const colon = text.indexOf(':')
  const address = text.slice(0, colon)
  if (colon < 1 || !address.includes('@') || colon === text.length - 1) {
    throw new Error('POSTHOUSE_USERS must be a list like "alice@example.test:secret,bob@example.test:secret"')
  }
  return { address: address.toLowerCase(), password: text.slice(colon + 1) }
}
