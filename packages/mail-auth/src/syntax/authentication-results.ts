/**
 * The Authentication-Results field (RFC 8601 §2.2): who wrote one, and writing our own. Domains and selectors in it
 * come from the sender; this is the one place where they become a field.
 */

/** What one method found. */
export interface AuthenticationResult {
  /** `spf`, `dkim`, `dmarc`, `arc`. */
  readonly method: string
  /** `pass`, `fail`, `none` and so on (RFC 8601 §2.7). */
  readonly result: string
  /** For people, in parentheses. */
  readonly comment?: string
  /** `smtp.mailfrom`, `header.d`, with their values. */
  readonly properties?: readonly (readonly [name: string, value: string])[]
}

const QUOTE = 34
const OPEN = 40
const CLOSE = 41
const BACKSLASH = 92

/**
 * The name of the service that wrote the field, in lower case: the first word of its value (folded or not, in Unicode),
 * behind comments. `null` when there is none.
 */
export function readAuthservId(value: string): string | null {
  let at = skipComments(value, 0)
  if (value.charCodeAt(at) === QUOTE) return readQuoted(value, at)[0].toLowerCase()
  const start = at
  while (at < value.length && isToken(value[at], '')) at++
  return at === start ? null : value.slice(start, at).toLowerCase()
}

/** The text of the quoted string that begins at `at`, and where it ends. */
export function readQuoted(value: string, at: number): readonly [text: string, end: number] {
  let text = ''
  for (at++; at < value.length && value.charCodeAt(at) !== QUOTE; at++) {
    if (value.charCodeAt(at) === BACKSLASH) at++
    text += value[at] ?? ''
  }
  return [text, at + 1]
}

/** Blanks, line breaks and comments, which may hold each other (RFC 5322 §3.2.2). */
export function skipComments(value: string, at: number): number {
  let depth = 0
  for (; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === OPEN) depth++
    else if (code === CLOSE && depth > 0) depth--
    else if (code === BACKSLASH && depth > 0) at++
    else if (depth === 0 && !isBlank(code)) break
  }
  return at
}

/** Other control characters as well: some readers take them for blanks. */
function isBlank(code: number): boolean {
  return code <= 32 || code === 127
}

/** Characters of a value at most. */
const MAX_VALUE = 256

/** The value of a field with these results, folded with CRLF and a tab: one line for each, or several for a long one. Without any: `none`. */
export function writeAuthenticationResults(authservId: string, results: readonly AuthenticationResult[]): string {
  if (results.length === 0) return `${word(authservId)}; none`
  return [word(authservId), ...results.map(oneResult)].join(';\r\n\t')
}

function oneResult({ method, result, comment, properties = [] }: AuthenticationResult): string {
  const parts = [`${word(method)}=${word(result)}`]
  if (comment) parts.push(`(${inComment(comment)})`)
  for (const [name, value] of properties) if (value !== '') parts.push(`${word(name)}=${pvalue(value)}`)
  const line = parts.join(' ')
  // RFC 5322 §2.1.1: 998 octets, of which a character may take three.
  return line.length < 300 ? line : parts.join('\r\n\t ')
}

/** A token; what cannot stand in one is left out. */
function word(text: string): string {
  let out = ''
  for (const character of text.slice(0, MAX_VALUE)) if (isToken(character, '')) out += character
  return out
}

/** RFC 8601 §2.2: a token, an address, or a quoted string. */
function pvalue(value: string): string {
  let plain = true
  let quoted = ''
  for (const character of value.slice(0, MAX_VALUE)) {
    const code = character.codePointAt(0) as number
    if (code < 32 || (code > 126 && code < 160)) continue
    if (!isToken(character, '@/+')) plain = false
    quoted += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return plain ? quoted : `"${quoted}"`
}

function isToken(character: string, more: string): boolean {
  const code = character.codePointAt(0) as number
  if (code <= 32 || (code > 126 && code < 160)) return false
  return more.includes(character) || !'()<>@,;:\\"/[]?='.includes(character)
}

/** Text within parentheses. */
function inComment(text: string): string {
  let out = ''
  for (const character of text.slice(0, MAX_VALUE)) {
    const code = character.codePointAt(0) as number
    out += code < 32 || (code > 126 && code < 160) || '()\\'.includes(character) ? ' ' : character
  }
  return out
}
