import { createRequire } from 'node:module'
import type { CharsetSource } from '@posthouse/mime'

let source: CharsetSource | null = null

/**
 * The charsets that `TextDecoder` lacks, loaded for the first message that is written in one: their library takes longer to load
 * than a test takes to get its first message.
 */
export const lazyCharsets: CharsetSource = (name) => {
  source ??= (createRequire(import.meta.url)('@posthouse/mime/charsets') as { iconvCharsets: CharsetSource })
    .iconvCharsets
  return source(name)
}
