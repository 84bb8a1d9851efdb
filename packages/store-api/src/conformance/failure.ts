/** How a check fails: with the rule, what was seen, and what a user of a mail client would see. */
import type { Rule } from './kit.js'

/** The error of a failed check. It needs no test framework; all of them show its message. */
export class StoreContractError extends Error {
  override readonly name = 'StoreContractError'
  readonly check: number
  readonly rule: Rule

  constructor(check: { number: number; name: string; rule: Rule; harm: string }, seen: string, cause?: unknown) {
    super(`${check.name}\n  seen:   ${seen}\n  effect: ${check.harm}`, cause === undefined ? undefined : { cause })
    this.check = check.number
    this.rule = check.rule
  }
}

/** What a check's body throws; the runner adds the rule and the effect. */
export class Failure extends Error {}

/** What a check's body throws when the store lacks something the check needs. */
export class Skip extends Error {}

export function fail(seen: string): never {
  throw new Failure(seen)
}

export function expect(condition: unknown, seen: string): asserts condition {
  if (!condition) throw new Failure(seen)
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const a = show(actual)
  const b = show(expected)
  if (a !== b) throw new Failure(`${what}: expected ${shorten(b)}, got ${shorten(a)}`)
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, part) => {
    if (part instanceof Uint8Array) return [...part]
    if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
      return Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
    }
    return part
  }) as string
}

function shorten(text: string): string {
  return text === undefined ? 'undefined' : text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** Waits for a refusal with one of the codes. */
export async function expectRefusal(attempt: Promise<unknown>, codes: readonly string[], what: string): Promise<void> {
  let code: unknown
  try {
    await attempt
  } catch (error) {
    if (error instanceof Skip) throw error
    code = (error as { code?: unknown }).code
    if (typeof code === 'string' && codes.includes(code)) return
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    fail(`${what}: expected a StoreError ${codes.join(' or ')}, got ${text} (code ${String(code)})`)
  }
  fail(`${what}: expected a StoreError ${codes.join(' or ')}, but it was accepted`)
}
