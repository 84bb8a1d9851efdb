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

function checkKeyword(keyword: string): void {
  if (keyword === '') throw new StoreError('invalid', 'a keyword must not be empty')
  for (let i = 0; i < keyword.length; i++) {
    const code = keyword.charCodeAt(i)
    if (code <= 0x20 || code === 0x7f)
      throw new StoreError('invalid', 'a keyword must not hold spaces or control characters')
  }
}
