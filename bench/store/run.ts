/**
 * The SQLite store: deliveries, long messages, searches, and how cost grows with the number of messages; the store in memory.
 *
 *     npm run bench store                                  seconds: up to 100,000 messages
 *     npm run bench store -- --million 1 --search 100000   minutes: everything
 *     npm run bench store -- --only 2                      one part: 1 deliveries, 2 long messages, 3 growth, 4 search, 5 memory
 */
import { option } from '../harness.js'
import { benchDeliveries } from './deliveries.js'
import { benchDeepRead, benchGrowth } from './growth.js'
import { benchLong } from './long.js'
import { benchMemory } from './memory.js'
import { benchSearch } from './search.js'

const sizes = [1_000, 10_000, 100_000, ...(option('million', 0) ? [1_000_000] : [])]
const parts = [
  () => benchDeliveries(option('scale', 1)),
  async () => {
    await benchLong()
    await benchDeepRead()
  },
  () => benchGrowth(sizes),
  () => benchSearch(option('search', 20_000)),
  () => benchMemory(),
]
const only = option('only', 0)
for (const [i, part] of parts.entries()) {
  if (only !== 0 && only !== i + 1) continue
  await part()
  console.log()
}
