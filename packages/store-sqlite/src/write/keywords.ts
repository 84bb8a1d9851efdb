import { StoreError } from '@posthouse/store-api'
import type { Batch } from './state.js'

/** Keywords in a row: sorted by their lower case and joined by spaces, so that equal sets are equal texts. */
export type KeywordText = string | null

export function joinKeywords(keywords: readonly string[]): KeywordText {
  if (keywords.length === 0) return null
  return keywords.length === 1 ? keywords[0] : [...keywords].sort(byFold).join(' ')
}

export function splitKeywords(text: KeywordText): readonly string[] {
  return text === null ? [] : text.split(' ')
}

function byFold(a: string, b: string): number {
  const x = a.toLowerCase()
  const y = b.toLowerCase()
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * Keywords in the spelling that the mailbox saw first; new ones are noted.
 * @throws StoreError `limit`, `invalid`
 */
export function spellKeywords(
  batch: Batch,
  mailbox: number,
  keywords: readonly string[] | undefined,
): readonly string[] {
  if (!keywords || keywords.length === 0) return []
  const known = batch.keywords(mailbox)
  const spelt = new Set<string>()
  for (const keyword of keywords) {
    const fold = keyword.toLowerCase()
    let name = known.get(fold)
    if (name === undefined) {
      checkKeyword(keyword)
      if (known.size >= batch.limits.keywords) forgetUnused(batch, mailbox, keywords)
      if (known.size >= batch.limits.keywords) {
        throw new StoreError('limit', `a mailbox may use ${batch.limits.keywords} keywords`)
      }
      batch.addKeyword(mailbox, fold, keyword)
      name = keyword
    }
    spelt.add(name)
  }
  return [...spelt]
}

/** Makes room: keywords that no message of the mailbox has, and that are not `wanted` now. */
function forgetUnused(batch: Batch, mailbox: number, wanted: readonly string[]): void {
  const used = new Set(wanted.map((keyword) => keyword.toLowerCase()))
  const texts = batch.index.all('SELECT DISTINCT kw FROM msg WHERE mailbox=? AND kw IS NOT NULL', mailbox)
  for (const [text] of texts) for (const keyword of splitKeywords(text as KeywordText)) used.add(keyword.toLowerCase())
  for (const fold of [...batch.keywords(mailbox).keys()]) if (!used.has(fold)) batch.removeKeyword(mailbox, fold)
}

function checkKeyword(keyword: string): void {
  if (keyword === '') throw new StoreError('invalid', 'a keyword must not be empty')
  for (let i = 0; i < keyword.length; i++) {
    const code = keyword.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f)
      throw new StoreError('invalid', 'a keyword must not hold spaces or control characters')
  }
}
