import type { MaybePromise } from '@posthouse/wire'
import type { SmtpHandler } from '../session/handler.js'
import { type Mailbox, parseMailbox } from '../syntax/address.js'
import { addressForms } from './domains.js'

/** What stands for an address: one or several others; `null`, or none at all, when it is no alias. */
export type AliasLookup = (address: string) => MaybePromise<string | readonly string[] | null | undefined>

/** Aliases that lead to aliases are followed this far; a circle ends here. */
const MAX_DEPTH = 10
/** Addresses that one alias may stand for. */
const MAX_TARGETS = 1_000
/** Names that are looked at for one recipient: through aliases that name each other lead more ways than anybody can go. */
const MAX_STEPS = 50_000

/**
 * Delivers mail for one address to others. `lookup` is asked for the address as it was written and then in lower
 * case; what it names may be an alias again. Put it before `localRecipients`, which refuses the whole alias when one of its
 * targets is unknown or elsewhere, and behind `subaddressing`, so that addresses with a tag are found.
 */
export function aliases(lookup: AliasLookup | ReadonlyMap<string, string | readonly string[]>): SmtpHandler {
  const find: AliasLookup = typeof lookup === 'function' ? lookup : (address) => lookup.get(address)
  return {
    name: 'aliases',
    async rcpt(recipient) {
      const walk: Walk = { find, found: new Map(), steps: 0 }
      for (const mailbox of recipient.targets) await expand(mailbox, walk, new Set())
      recipient.targets = [...walk.found.values()]
    },
  }
}

interface Walk {
  readonly find: AliasLookup
  readonly found: Map<string, Mailbox>
  steps: number
}

async function expand(mailbox: Mailbox, walk: Walk, above: ReadonlySet<string>): Promise<void> {
  const { find, found } = walk
  if (++walk.steps > MAX_STEPS) throw new Error(`more than ${MAX_STEPS} steps: aliases name each other again and again`)
  const forms = addressForms(mailbox)
  const key = forms[forms.length - 1]
  // An alias that names itself means the mailbox of that name.
  const names = above.has(key) || above.size >= MAX_DEPTH ? null : await first(forms, find)
  if (names === null) {
    if (found.size >= MAX_TARGETS) throw new Error(`an alias stands for more than ${MAX_TARGETS} addresses`)
    found.set(key, mailbox)
    return
  }
  const below = new Set([...above, key])
  for (const name of names) {
    const target = parseMailbox(name)
    if (target === null) throw new Error(`the alias of ${mailbox.address} names ${name}, which is no address`)
    await expand(target, walk, below)
  }
}

async function first(forms: readonly string[], find: AliasLookup): Promise<readonly string[] | null> {
  for (const form of forms) {
    const names = await find(form)
    // A query that has found nothing has an empty list: taken for an alias of nobody, it would lose the mail of everybody.
    if (names && names.length > 0) return typeof names === 'string' ? [names] : names
  }
  return null
}
