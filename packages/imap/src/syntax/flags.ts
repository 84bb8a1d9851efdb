/** Flags (RFC 9051 §2.3.2): the system flags as bits, keywords as words. */
import { Flag } from '@posthouse/store-api'
import type { Cursor } from './cursor.js'

/** Flags as a client names them. */
export interface FlagList {
  /** Bits of `Flag`. */
  readonly system: number
  /** Keywords in the client's spelling, without doubles. */
  readonly keywords: readonly string[]
}

const SYSTEM = new Map<string, number>([
  ['\\ANSWERED', Flag.Answered],
  ['\\FLAGGED', Flag.Flagged],
  ['\\DELETED', Flag.Deleted],
  ['\\SEEN', Flag.Seen],
  ['\\DRAFT', Flag.Draft],
])
const NAMES: readonly (readonly [number, string])[] = [
  [Flag.Answered, '\\Answered'],
  [Flag.Flagged, '\\Flagged'],
  [Flag.Deleted, '\\Deleted'],
  [Flag.Seen, '\\Seen'],
  [Flag.Draft, '\\Draft'],
]

/** The bit of \Recent, which no store has (RFC 3501 §2.3.2). */
export const RECENT = 32

/** All system flags, as FLAGS and PERMANENTFLAGS list them. */
export const SYSTEM_FLAGS = '\\Answered \\Flagged \\Deleted \\Seen \\Draft'

/** The text of every combination of system flags. */
const TEXTS: readonly string[] = Array.from({ length: 64 }, (_, bits) =>
  [...NAMES, [RECENT, '\\Recent'] as const]
    .filter(([bit]) => bits & bit)
    .map(([, name]) => name)
    .join(' '),
)

/** Longest keyword, in octets. */
const MAX_KEYWORD = 100

/** `\Seen $Forwarded`: what stands between the parentheses. Bits of `Flag`, and `RECENT`. */
export function formatFlags(system: number, keywords: readonly string[] = []): string {
  const text = TEXTS[system & 63]
  if (keywords.length === 0) return text
  return text === '' ? keywords.join(' ') : `${text} ${keywords.join(' ')}`
}

function parseFlag(cursor: Cursor, into: { system: number; keywords: Map<string, string> }): void {
  if (cursor.take('\\')) {
    const name = `\\${cursor.word('Flag')}`
    const bit = SYSTEM.get(name)
    // RFC 3501 §6.4.6: \Recent cannot be set; clients that send back what they read must not fail for it.
    if (bit === undefined && name !== '\\RECENT') cursor.fail(`${name} is no flag`)
    into.system |= bit ?? 0
    return
  }
  const keyword = cursor.atom('Flag')
  for (let i = 0; i < keyword.length; i++) {
    if (keyword.charCodeAt(i) > 126) cursor.fail('A keyword holds ASCII characters only')
  }
  if (keyword.length > MAX_KEYWORD) cursor.fail(`A keyword has ${MAX_KEYWORD} characters at most`)
  const key = keyword.toLowerCase()
  if (!into.keywords.has(key)) into.keywords.set(key, keyword)
}

/** Reads `(\Seen $Forwarded)`, or flags without parentheses where `bare` allows them (STORE). */
export function parseFlagList(cursor: Cursor, bare = false): FlagList {
  const into = { system: 0, keywords: new Map<string, string>() }
  if (cursor.atList()) cursor.list(() => parseFlag(cursor, into))
  else if (!bare) cursor.fail('List of flags expected')
  else {
    do {
      cursor.item()
      parseFlag(cursor, into)
    } while (cursor.more())
  }
  return { system: into.system, keywords: [...into.keywords.values()] }
}
