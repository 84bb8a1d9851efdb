/**
 * The SQLite store: deliveries, and how cost grows with the number of messages.
 *
 *     npm run bench store                              seconds: up to 100,000 messages
 *     npm run bench store -- --million 1 --search 100000   minutes: everything
 */
import { option } from '../harness.js'
import { benchDeliveries } from './deliveries.js'
import { benchDeepRead, benchGrowth } from './growth.js'
import { benchSearch } from './search.js'

await benchDeliveries(option('scale', 1))
console.log()
await benchGrowth(option('million', 0) ? [1_000, 10_000, 100_000, 1_000_000] : [1_000, 10_000, 100_000])
console.log()
await benchDeepRead()
console.log()
await benchSearch(option('search', 20_000))
