import type { MimeLimits } from './limits.js'
import { MessageScanner } from './scanner.js'
import type { MessageIndex } from './scanner-options.js'

/** The structure of a whole message. */
export function indexMessage(bytes: Uint8Array, limits?: Partial<MimeLimits>): MessageIndex {
  const scanner = new MessageScanner(limits ? { limits } : {})
  scanner.write(bytes)
  return scanner.end()
}
