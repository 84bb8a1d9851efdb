/** What a server says it can do: the reply to EHLO and LHLO (RFC 5321 §4.1.1.1). */
import { parseNumber } from './parameters.js'

/** A server's capabilities, as it announced them. */
export interface SmtpCapabilities {
  /** What the server calls itself. */
  readonly hostname: string
  /** Keywords in upper case with their parameters. */
  readonly keywords: ReadonlyMap<string, readonly string[]>
  /** True when a keyword (in upper case) is announced. */
  has(keyword: string): boolean
  /** Octets of a message at most (RFC 1870 §4); `null`: there is no SIZE, or no fixed limit. */
  readonly size: number | null
  /** SASL mechanisms in upper case. */
  readonly mechanisms: ReadonlySet<string>
  /** LIMITS (RFC 9422 §4); `null`: nothing was said. */
  readonly limits: {
    /** Transactions over one connection. */
    readonly mailMax: number | null
    /** Recipients of one transaction. */
    readonly rcptMax: number | null
    /** Different domains among all recipients of one connection. */
    readonly rcptDomainMax: number | null
  }
  /** Seconds that DELIVERBY needs at least (RFC 2852 §3); `null`: nothing was said. */
  readonly deliverByMinimum: number | null
  /** Seconds a message may wait at most (RFC 4865 §3); `null`: there is no FUTURERELEASE. */
  readonly futureReleaseMaximum: number | null
}

const NO_WORDS: readonly string[] = []

/**
 * Reads the lines of a positive reply; the first has the server's name. What cannot be read is left out, as are the
 * keywords of `ignore` (in upper case).
 */
export function parseCapabilities(lines: readonly string[], ignore: readonly string[] = []): SmtpCapabilities {
  const keywords = new Map<string, readonly string[]>()
  for (const line of lines.slice(1)) {
    const [first, ...words] = line.split(' ').filter((word) => word !== '')
    if (first === undefined) continue
    // Servers of the last century wrote "AUTH=LOGIN", and some of them still run.
    const equals = first.indexOf('=')
    const keyword = (equals === -1 ? first : first.slice(0, equals)).toUpperCase()
    if (ignore.includes(keyword)) continue
    const all = equals === -1 ? words : [first.slice(equals + 1), ...words]
    const before = keywords.get(keyword)
    keywords.set(keyword, before ? [...before, ...all] : all)
  }
  const word = (keyword: string): string | null => keywords.get(keyword)?.[0] ?? null
  const limits = readLimits(keywords.get('LIMITS') ?? NO_WORDS)
  return {
    hostname: (lines[0] ?? '').split(' ', 1)[0],
    keywords,
    has: (keyword) => keywords.has(keyword),
    // RFC 1870 §3: zero says that there is no fixed limit.
    size: parseNumber(word('SIZE')) || null,
    mechanisms: new Set((keywords.get('AUTH') ?? NO_WORDS).map((name) => name.toUpperCase())),
    limits: {
      mailMax: limits.get('MAILMAX') ?? null,
      rcptMax: limits.get('RCPTMAX') ?? null,
      rcptDomainMax: limits.get('RCPTDOMAINMAX') ?? null,
    },
    deliverByMinimum: parseNumber(word('DELIVERBY'), 9),
    futureReleaseMaximum: parseNumber(word('FUTURERELEASE'), 9),
  }
}

/** RFC 9422 §3: `NAME=value`; a limit that cannot be read, or is zero, does not count. */
function readLimits(words: readonly string[]): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const word of words) {
    const equals = word.indexOf('=')
    const value = equals < 1 ? null : parseNumber(word.slice(equals + 1), 6)
    if (value) limits.set(word.slice(0, equals).toUpperCase(), value)
  }
  return limits
}
