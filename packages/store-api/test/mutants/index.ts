/** Stores that break one rule each: what the kit has to catch. */
import { changesMutants } from './changes.js'
import { feedMutants } from './feed.js'
import { mailboxesMutants } from './mailboxes.js'
import type { Mutant } from './mutant.js'
import { numbersMutants } from './numbers.js'
import { octetsMutants } from './octets.js'
import { sharingMutants } from './sharing.js'

export { type Mutant, soundWrapper } from './mutant.js'

export const mutants: readonly Mutant[] = [
  ...numbersMutants,
  ...changesMutants,
  ...octetsMutants,
  ...mailboxesMutants,
  ...feedMutants,
  ...sharingMutants,
]
