/** A routing table as it is given. What is not understood in it would send mail in another way than the one that is meant. */
import { checkNames, checkNumber, checkOneOf, type OptionTable } from '@posthouse/wire'
import type { Route, RoutingTable } from './router.js'

const TABLE: OptionTable<RoutingTable> = { domains: 0, aliases: 0, catchAll: 0, exists: 0, routes: 0, smartHost: 0 }
const ROUTE: OptionTable<Route> = { hosts: 1, protocol: 0, auth: 0, tls: 0, ca: 0, limits: 0 }

/** @throws TypeError for names and values that there are not; RangeError for a port out of its range. */
export function checkTable(table: RoutingTable): void {
  checkNames('routing option', table, TABLE)
  for (const [domain, route] of table.routes ?? []) checkRoute(`route of ${domain}`, route)
  if (table.smartHost) checkRoute('smartHost', table.smartHost)
}

function checkRoute(what: string, route: Route): void {
  checkNames(`${what} option`, route, ROUTE)
  checkOneOf(`tls of the ${what}`, route.tls, ['implicit', 'required', 'opportunistic', 'never'])
  checkOneOf(`protocol of the ${what}`, route.protocol, ['smtp', 'lmtp'])
  for (const { port } of route.hosts) checkNumber(`port of the ${what}`, port, 1, 65_535)
}
