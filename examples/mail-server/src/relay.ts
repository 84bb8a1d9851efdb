/** Mail for other domains: the relay, and what stands before it. */
import { Resolver, resolve } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dkimSign, type Resolve } from '@posthouse/mail-auth'
import { type MilterHandler, milter } from '@posthouse/milter'
import { milterAt } from '@posthouse/milter/node'
import { cachedResolver, createRelay, deliverToStore, type Relay, type Route, tlsPolicies } from '@posthouse/relay'
import { dnsResolver, openSmtpSession, openSqliteQueue } from '@posthouse/relay/node'
import type { SmtpHandler } from '@posthouse/smtp'
import type { SqliteStore } from '@posthouse/store-sqlite'
import type { Log } from '@posthouse/wire'
import type { RelaySettings, Settings } from './settings.js'

/** The file of the queue in the data folder. */
export const queueFile = (data: string): string => join(data, 'queue.db')

/** Opens the queue. With several processes one of them delivers, and another one goes on when it ends. */
export async function openMailRelay(
  { data, hostname, domains, resolver: server }: Settings,
  { smartHost, aliases, port, loopback, tlsPolicies: policies }: RelaySettings,
  store: SqliteStore,
  log: Log,
): Promise<Relay> {
  const resolver = cachedResolver(dnsResolver(server === null ? {} : { servers: [server] }))
  const catchAll = [...aliases].filter(([alias]) => alias.startsWith('@'))
  return createRelay({
    ...{ hostname, resolver, port, log, standby: true },
    engine: await openSqliteQueue({ path: queueFile(data) }),
    open: openSmtpSession(),
    routing: {
      domains,
      aliases,
      catchAll: new Map(catchAll.map(([alias, [target]]) => [alias.slice(1), target])),
      exists: async (address) => (await store.resolve(address)) !== null,
      ...(smartHost && { smartHost: routeOf(smartHost) }),
    },
    deliver: deliverToStore(store),
    ...(loopback && { allowAddress: () => true }),
    ...(policies && { tls: tlsPolicies({ resolver }) }),
  })
}

function routeOf({ protocol, hostname, port, username, password }: URL): Route {
  return {
    hosts: [{ host: hostname, ...(port !== '' && { port: Number(port) }) }],
    ...(protocol === 'smtps:' && { tls: 'implicit' }),
    ...(username !== '' && {
      auth: { user: decodeURIComponent(username), password: decodeURIComponent(password) },
    }),
  }
}

/** The handler that signs mail of users, if there is a key. */
export async function loadDkim(
  { dkim, domains }: Settings,
  owns: (account: string, address: string) => Promise<boolean>,
): Promise<readonly SmtpHandler[]> {
  if (!dkim) return []
  const key = { selector: dkim.selector, privateKey: await readFile(dkim.key, 'utf8') }
  return [dkimSign({ keys: new Map(domains.map((domain) => [domain, key])), owns })]
}

/** The content filters. */
export function milters(settings: Settings): readonly MilterHandler[] {
  return settings.milters.map((address) => milter({ name: address, connect: milterAt(address) }))
}

/** How `verifyMail` asks DNS. */
export function resolverOf({ resolver }: Settings): { readonly resolver: Resolve } {
  if (resolver === null) return { resolver: resolve as Resolve }
  const own = new Resolver()
  own.setServers([resolver])
  return { resolver: ((name, type) => own.resolve(name, type)) as Resolve }
}
