/** Options and limits as they are given: without types, behind a cast, or from a file. Looked at once, at the start. */

/** All options by name: 1 for one that must be given, 0 for another. The compiler keeps it whole. */
export type OptionTable<Options> = {
  readonly [Name in keyof Options]-?: undefined extends Options[Name] ? 0 : 1
}

/**
 * Refuses mostly slips of the pen. `who` takes the options, for the message: `createSmtpServer`.
 * @throws TypeError for an option that is unknown, for one that is missing, and for what is no object.
 */
export function checkOptions<Options>(who: string, options: Options, table: OptionTable<Options>): void {
  checkNames(`${who} option`, options, table)
  for (const name in table) {
    if (table[name] && (options[name] ?? null) === null) throw new TypeError(`${who} needs the option ${name}`)
  }
}

/**
 * Refuses names that `known` does not have. `kind`: what they are, for the message.
 * @throws TypeError for a name that is unknown, and for what is no object.
 */
export function checkNames(kind: string, given: unknown, known: object): void {
  const names = Object.keys(known)
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${kind}s are an object of ${names.join(', ')}, not ${shown(given)}`)
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no ${kind} ${unknown}; there are ${names.join(', ')}`)
}

/**
 * The defaults, changed where `given` says so: `undefined` says nothing. A limit is a number that is not negative, or
 * `Infinity`; `null` where that is the default, too. Those in `counts` are 1 or more.
 * @throws TypeError for a limit that is unknown or no number; RangeError for one that is too low, or NaN.
 */
export function withLimits<Limits extends object>(
  defaults: Limits,
  given: Partial<Limits> | undefined,
  counts: readonly (keyof Limits)[] = [],
): Limits {
  const limits = { ...defaults }
  if (!given) return limits
  checkNames('limit', given, defaults)
  for (const name of Object.keys(given) as (keyof Limits & string)[]) {
    const value = given[name]
    if (value === undefined) continue
    if (value !== null || defaults[name] !== null) {
      checkNumber(`limits.${name}`, value, counts.includes(name) ? 1 : 0)
    }
    limits[name] = value as Limits[typeof name]
  }
  return limits
}

/**
 * Refuses what is no number, or is not in its range. `what` it is, for the message. `undefined` is not given.
 * @throws TypeError for what is no number; RangeError for one below `least`, above `most`, or NaN.
 */
export function checkNumber(what: string, value: unknown, least = 0, most = Number.POSITIVE_INFINITY): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, not ${shown(value)}`)
  if (value >= least && value <= most) return
  const range = most < Number.POSITIVE_INFINITY ? `${least} to ${most}` : `${least} or more`
  throw new RangeError(`${what} must be ${range}, not ${value}`)
}

/**
 * Refuses what is none of these. `undefined` is not given.
 * @throws TypeError
 */
export function checkOneOf(what: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return
  throw new TypeError(`${what} must be one of ${choices.join(', ')}, not ${shown(value)}`)
}

/** Without what an object holds: that may be a secret. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return value && typeof value === 'object' ? 'an object' : String(value)
}
