/** How a check is written down, and how it becomes a `StoreCheck`. */
import { type CheckContext, createContext } from './context.js'
import { Failure, Skip, StoreContractError } from './failure.js'
import type { Rule, StoreCheck, StoreKit } from './kit.js'

export interface Definition {
  readonly number: number
  readonly rule: Rule
  readonly what: string
  readonly harm: string
  readonly body: (t: CheckContext) => Promise<void>
}

export function check(
  number: number,
  rule: Rule,
  what: string,
  harm: string,
  body: (t: CheckContext) => Promise<void>,
): Definition {
  return { number, rule, what, harm, body }
}

export function bind(kit: StoreKit, { number, rule, what, harm, body }: Definition): StoreCheck {
  const named = { number, rule, harm, name: `${number} ${rule}: ${what}` }
  return {
    ...named,
    async run(...context) {
      const test = await kit.make()
      const ending: (() => void)[] = []
      try {
        await body(await createContext(kit, test, ending))
      } catch (error) {
        if (error instanceof Skip) {
          const host = context[0] as { skip?: (reason: string) => void } | undefined
          if (typeof host?.skip === 'function') host.skip(error.message)
          return
        }
        if (error instanceof Failure) throw new StoreContractError(named, error.message)
        const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
        throw new StoreContractError(named, `the store threw ${seen}`, error)
      } finally {
        for (const step of ending) step()
        await test.close?.()
      }
    },
  }
}
