/** Parameters of MAIL and RCPT (RFC 5321 §4.1.2, `esmtp-param`). */

/** Keywords in upper case; the value is `null` when there is no `=`. */
export type Parameters = ReadonlyMap<string, string | null>

/** The parameters of MAIL or RCPT by their names in capitals, or what is wrong with them. */
export type ParametersResult =
  | { readonly type: 'parameters'; readonly parameters: Parameters }
  | { readonly type: 'malformed'; readonly message: string }

const NONE: ParametersResult = { type: 'parameters', parameters: new Map() }

/** Parameters on one command at most. */
const MAX_PARAMETERS = 32

/** Reads ` KEYWORD[=value]...` from `start` to the end of the text. Spaces at the end are let through. */
export function parseParameters(text: string, start: number): ParametersResult {
  if (start === text.length) return NONE
  const parameters = new Map<string, string | null>()
  let at = start
  while (at < text.length) {
    if (text.charCodeAt(at) !== 32) return { type: 'malformed', message: 'a space goes before each parameter' }
    while (text.charCodeAt(at) === 32) at++
    if (at === text.length) break
    const nameStart = at
    while (at < text.length && isKeywordCharacter(text.charCodeAt(at))) at++
    if (at === nameStart || text.charCodeAt(nameStart) === 45) {
      return { type: 'malformed', message: 'the name of a parameter' }
    }
    const name = text.slice(nameStart, at).toUpperCase()
    let value: string | null = null
    if (text.charCodeAt(at) === 61) {
      const valueStart = ++at
      while (at < text.length && isValueCharacter(text.charCodeAt(at))) at++
      if (at === valueStart) return { type: 'malformed', message: `the value of ${name}` }
      value = text.slice(valueStart, at)
    }
    if (parameters.has(name)) return { type: 'malformed', message: `${name} is given twice` }
    if (parameters.size === MAX_PARAMETERS) return { type: 'malformed', message: 'too many parameters' }
    parameters.set(name, value)
  }
  return { type: 'parameters', parameters }
}

function isKeywordCharacter(code: number): boolean {
  return (
    (code >= 65 && code <= 90) ||
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    code === 45 ||
    code === 95
  )
}

/** Any character but `=`, SP and controls; UTF-8 with SMTPUTF8 (RFC 6531 §3.3). `=` inside is let through: AUTH=<x>, XCLIENT. */
function isValueCharacter(code: number): boolean {
  return code > 32 && code !== 127 && (code < 128 || code > 159)
}

/** A decimal number of at most `digits` digits, or `null`. */
export function parseNumber(text: string | null, digits = 15): number | null {
  if (text === null || text.length === 0 || text.length > digits) return null
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 48 || code > 57) return null
    value = value * 10 + (code - 48)
  }
  return value
}
