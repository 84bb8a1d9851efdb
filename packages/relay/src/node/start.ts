import { checkOptions, type OptionTable } from '@posthouse/wire'
import type { JobEngine } from '../queue/types.js'
import { createRelay, RELAY_OPTIONS, type Relay, type RelayOptions } from '../relay.js'
import { cachedResolver, type MailResolver } from '../routing/resolver.js'
import { dnsResolver } from './dns/dns-resolver.js'
import { openSmtpSession, type SmtpSessionOptions } from './session.js'
import { openSqliteQueue } from './sqlite/engine.js'

/** As `RelayOptions`, with defaults for what a machine has. */
export interface StartRelayOptions extends Omit<RelayOptions, 'engine' | 'resolver' | 'open'> {
  /** The file of the queue. Not with `engine`. Default: `queue.db`. */
  readonly path?: string
  readonly engine?: JobEngine
  /** Default: `dnsResolver()`. Its answers are remembered for as long as they hold. */
  readonly resolver?: MailResolver
  readonly connections?: SmtpSessionOptions
}

const { open: _, ...shared } = RELAY_OPTIONS
const OPTIONS: OptionTable<StartRelayOptions> = { ...shared, engine: 0, resolver: 0, path: 0, connections: 0 }

/**
 * Opens the queue and begins to deliver what is in it.
 * @throws RelayError `busy`, `unavailable`, `address`; TypeError and RangeError as `createRelay`, before a file is made for
 * options that are missing or that there are not.
 */
export async function startRelay(options: StartRelayOptions): Promise<Relay> {
  checkOptions('startRelay', options, OPTIONS)
  const { path = 'queue.db', resolver = dnsResolver(), connections, ...rest } = options
  const engine = options.engine ?? (await openSqliteQueue({ path }))
  try {
    const relay = createRelay({
      ...rest,
      engine,
      resolver: cachedResolver(resolver),
      open: openSmtpSession(connections),
    })
    await relay.start()
    return relay
  } catch (error) {
    await engine.close().catch(() => {})
    throw error
  }
}
