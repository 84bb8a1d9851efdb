export { type DestinationName, domainDestination, LOCAL, parseDestination, routeDestination } from './destination.js'
export {
  type ExchangerOptions,
  type Exchangers,
  findExchangers,
  type MailServer,
  orderExchangers,
} from './exchangers.js'
export {
  cachedResolver,
  type DnsRecords,
  type MailResolver,
  type MxRecord,
  type ResolverCacheOptions,
  type TlsaRecord,
} from './resolver.js'
export {
  type AliasTable,
  createRouter,
  type Route,
  type RouteHost,
  type Router,
  type Routing,
  type RoutingTable,
  type Target,
} from './router.js'
