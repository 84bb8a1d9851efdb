/** A search for a rare word: through the full-text index, and by reading every message. */
import type { SearchText } from '@posthouse/store-sqlite'
import { printTable } from '../harness.js'
import { fastest, fill, openFixture } from './fixture.js'

const WORDS = 2000

/** A word of its own for each number: pronounceable enough for trigrams to be shared. */
function word(number: number): string {
  const parts = ['ka', 'lo', 'mi', 'ne', 'ru', 'sta', 'ver', 'zo', 'pi', 'ten']
  return [...String(number).padStart(4, '0')].map((digit) => parts[Number(digit)]).join('')
}

function makeText(): (message: Uint8Array) => SearchText {
  let seed = 1
  const next = (): string => {
    seed = (seed * 48271) % 2147483647
    return word(seed % WORDS)
  }
  return () => ({ subject: `${next()} ${next()}`, body: Array.from({ length: 60 }, next).join(' ') })
}

export async function benchSearch(messages: number): Promise<void> {
  const fixture = await openFixture(1, { textOf: makeText() })
  const { account, inbox, store } = fixture
  const start = performance.now()
  await fill(fixture, messages)
  await store.indexText()
  const indexed = performance.now() - start
  const rows: string[][] = []
  for (const contains of [`${word(17)} ${word(42)}`, word(17), 'sta']) {
    let found = 0
    const ms = await fastest(3, async () => {
      const answer = await account.search?.(inbox, { type: 'text', in: 'body', contains })
      found = answer?.uids.reduce((sum, [lo, hi]) => sum + hi - lo + 1, 0) ?? 0
    })
    rows.push([`"${contains}"`, String(found), `${ms.toFixed(1)} ms`])
  }
  // What the caller does without an index, before it has even looked at the octets.
  const without = await fastest(1, async () => {
    for await (const page of account.messages(inbox, { want: ['inline'] })) void page
  })
  rows.push(['without the index: all octets', String(messages), `${without.toFixed(0)} ms`])
  printTable([`full text over ${messages.toLocaleString('en')}`, 'candidates', 'time'], rows)
  console.log(`filled and indexed at ${Math.round((messages / indexed) * 1000)} messages/s`)
  await fixture.close()
}
