/**
 * From the recipients of a message to destinations: a pure function over a table. Names are compared without case;
 * aliases are followed until they end, and a circle of them is an error for the recipient that leads into it.
 */
import { domainKey, type Mailbox } from '@posthouse/smtp'
import type { MaybePromise } from '@posthouse/wire'
import type { DestinationLimits } from '../queue/types.js'
import { domainDestination, LOCAL, routeDestination } from './destination.js'
import { addressOf, spellings } from './names.js'

/** What stands for an address: others; `null`, or none at all, when it is no alias. */
export type AliasTable =
  | ReadonlyMap<string, string | readonly string[]>
  | ((address: string) => MaybePromise<string | readonly string[] | null | undefined>)

/** A server that mail is given to, whatever DNS says. */
export interface RouteHost {
  /** Name or address. Names are looked up as hosts, not as mail domains. */
  readonly host: string
  /** Default: 25; 24 with LMTP; 465 with implicit TLS. */
  readonly port?: number
}

/** How mail gets to the servers of a route. */
export interface Route {
  /** In order; the next one is tried when one cannot be reached. */
  readonly hosts: readonly RouteHost[]
  /** Default: `smtp`. */
  readonly protocol?: 'smtp' | 'lmtp'
  /** What to log in with. Default: nothing. */
  readonly auth?: { readonly user: string; readonly password: string }
  /** As `connectSmtp` has it. Default: `required` with `auth`, else `opportunistic`. */
  readonly tls?: 'implicit' | 'required' | 'opportunistic' | 'never'
  /** Authorities, in PEM, that may have signed the servers' certificates. Default: those of the runtime. */
  readonly ca?: string
  readonly limits?: Partial<DestinationLimits>
}

/** Who is where. */
export interface RoutingTable {
  /** Domains whose mail ends here. */
  readonly domains?: readonly string[]
  /** Addresses that stand for others, here or elsewhere (forwards). Asked in exact spelling, then in lower case. */
  readonly aliases?: AliasTable
  /** Local domain to the address that gets the mail of unknown users. Needs `exists`. */
  readonly catchAll?: ReadonlyMap<string, string>
  /** Is there an account for this local address? Default: all are taken, and delivery finds out. */
  readonly exists?: (address: string) => MaybePromise<boolean>
  /** Routes by domain; `.example.org` is every domain below example.org. */
  readonly routes?: ReadonlyMap<string, Route>
  /** Takes all mail that is not local and has no route. Default: the MX records of the domain. */
  readonly smartHost?: Route
}

/** Where one address of a recipient goes. */
export interface Target {
  readonly mailbox: Mailbox
  /** See `DestinationName`. */
  readonly destination: string
  /** The local address that stands for this one, when it is elsewhere: it becomes Delivered-To. */
  readonly via: string | null
}

/** What routing says of a recipient. */
export type Routing =
  | { readonly type: 'targets'; readonly targets: readonly Target[] }
  /** It can never get there: code, enhanced status code and text of a reply. */
  | { readonly type: 'refused'; readonly code: 550; readonly status: string; readonly text: string }

/** A routing table that answers: where does a recipient go? */
export interface Router {
  /** Local domain? */
  isLocal(domain: string): boolean
  route(recipient: Mailbox): MaybePromise<Routing>
  /** The route of a destination key; `null`: MX records, or this machine. */
  routeOf(destination: string): Route | null
  /** The names of local domains. */
  readonly domains: ReadonlySet<string>
}

/** Aliases that lead to aliases are followed this far. */
const MAX_DEPTH = 20
/** Addresses that one recipient may stand for. */
const MAX_TARGETS = 10_000
/** Names that are looked at for one recipient: through aliases that name each other lead more ways than anybody can go. */
const MAX_STEPS = 50_000
const SMART_HOST = 'smarthost'

/** Makes a router. @throws RelayError `address` for a catch-all that is no address. */
export function createRouter(table: RoutingTable): Router {
  const domains = new Set((table.domains ?? []).map(domainKey))
  const routes = new Map([...(table.routes ?? [])].map(([domain, route]) => [domainKey(domain), route]))
  const catchers = new Map(
    [...(table.catchAll ?? [])].map(([domain, address]) => [domainKey(domain), addressOf(address, 'a catch-all')]),
  )
  const { aliases, exists, smartHost } = table
  const lookup =
    typeof aliases === 'function' ? aliases : aliases ? (address: string) => aliases.get(address) : () => null

  /** Postmaster without a domain is that of the first local domain (RFC 5321 §4.5.1). */
  const home = table.domains?.[0]
  const isLocal = (domain: string): boolean => domain === '' || domains.has(domainKey(domain))

  function findRoute(domain: string): { readonly key: string; readonly route: Route } | null {
    const exact = routes.get(domain)
    if (exact) return { key: domainDestination(domain), route: exact }
    for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
      const route = routes.get(domain.slice(dot))
      if (route) return { key: domainDestination(domain), route }
    }
    return smartHost ? { key: routeDestination(SMART_HOST), route: smartHost } : null
  }

  async function aliasesOf(mailbox: Mailbox): Promise<readonly Mailbox[] | null> {
    for (const spelling of spellings(mailbox)) {
      const names = await lookup(spelling)
      const list = typeof names === 'string' ? [names] : (names ?? [])
      // A query that has found nothing has an empty list.
      if (list.length > 0) return list.map((name) => addressOf(name, `alias ${spelling}`))
    }
    return null
  }

  /** Who gets the mail of a local address that is no alias: another one is looked up in turn. */
  async function caught(mailbox: Mailbox): Promise<Mailbox | null> {
    const catcher = catchers.get(domainKey(mailbox.domain))
    const atHome = mailbox.domain === '' && home !== undefined ? addressOf(`postmaster@${home}`, 'postmaster') : null
    if (!exists) return atHome ?? mailbox
    for (const spelling of spellings(mailbox)) if (await exists(spelling)) return mailbox
    return atHome ?? catcher ?? null
  }

  async function route(recipient: Mailbox): Promise<Routing> {
    const walk: Walk = { found: new Map(), steps: 0 }
    const problem = await expand(recipient, null, new Set(), walk)
    if (problem) return problem
    const { found } = walk
    if (found.size === 0) return refused('5.4.6', 'Aliases that lead in a circle')
    return { type: 'targets', targets: [...found.values()] }
  }

  async function expand(
    mailbox: Mailbox,
    via: string | null,
    above: ReadonlySet<string>,
    walk: Walk,
  ): Promise<Routing | null> {
    const { found } = walk
    if (++walk.steps > MAX_STEPS) return refused('5.4.6', 'Aliases that name each other again and again')
    const key = spellings(mailbox).at(-1) as string
    const local = isLocal(mailbox.domain)
    // An alias that names itself means the mailbox of that name; a longer circle has no end at all.
    const names = above.has(key) || above.size >= MAX_DEPTH ? null : await aliasesOf(mailbox)
    if (names) {
      for (const name of names) {
        const problem = await expand(name, local ? mailbox.address : via, new Set([...above, key]), walk)
        if (problem) return problem
      }
      return null
    }
    if (above.size >= MAX_DEPTH) return refused('5.4.6', 'Too many aliases of aliases')
    // All that the alias stands for is being looked up already.
    if (above.has(key) && !isLastOf(above, key)) return null
    if (found.size >= MAX_TARGETS) {
      return refused('5.4.6', `More than ${MAX_TARGETS} addresses stand behind it`)
    }
    if (!local) {
      const destination = findRoute(domainKey(mailbox.domain))?.key ?? domainDestination(mailbox.domain)
      found.set(key, { mailbox, destination, via })
      return null
    }
    const account = await caught(mailbox)
    if (!account) return refused('5.1.1', `No such user here: ${mailbox.address}`)
    if (account === mailbox) {
      found.set(key, { mailbox, destination: LOCAL, via: null })
      return null
    }
    return expand(account, mailbox.address, new Set([...above, key]), walk)
  }

  return {
    domains,
    isLocal,
    route,
    routeOf(destination) {
      if (destination === routeDestination(SMART_HOST)) return smartHost ?? null
      return destination.startsWith('domain:') ? (findRoute(destination.slice(7))?.route ?? null) : null
    },
  }
}

interface Walk {
  /** By the spelling in lower case. */
  readonly found: Map<string, Target>
  steps: number
}

function refused(status: string, text: string): Routing {
  return { type: 'refused', code: 550, status, text }
}

function isLastOf(above: ReadonlySet<string>, key: string): boolean {
  return [...above].at(-1) === key
}
