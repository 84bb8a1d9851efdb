/** Reads what somebody else has written into a field of results (RFC 8601 §2.2, RFC 8617 §4.1.1). */
import { type AuthenticationResult, readQuoted, skipComments } from './authentication-results.js'

/**
 * The results in the value of an Authentication-Results or ARC-Authentication-Results field, folded or not; methods and
 * names of properties in lower case. What is no result is left out, comments too.
 */
export function readResults(value: string): readonly AuthenticationResult[] {
  const results: AuthenticationResult[] = []
  for (let at = 0; at < value.length; at++) {
    const pairs: (readonly [name: string, value: string])[] = []
    for (at = skipComments(value, at); at < value.length && value[at] !== ';'; at = skipComments(value, at)) {
      const name = wordAt(value, at, '=;("')
      at = skipComments(value, at + name.length)
      if (value[at] === '=') {
        at = skipComments(value, at + 1)
        const [quoted, end] = value[at] === '"' ? readQuoted(value, at) : ['', at]
        const rest = wordAt(value, end, ';("')
        pairs.push([name.toLowerCase(), quoted + rest])
        at = end + rest.length
      } else if (value[at] === '"') at = readQuoted(value, at)[1]
      else if (name === '' && value[at] !== ';') at++
    }
    const [first, ...properties] = pairs
    // `method/version`
    if (first) results.push({ method: first[0].split('/')[0], result: first[1].toLowerCase(), properties })
  }
  return results
}

/** Up to a blank or one of these. */
function wordAt(value: string, start: number, stops: string): string {
  let at = start
  while (at < value.length && value.charCodeAt(at) > 32 && !stops.includes(value[at])) at++
  return value.slice(start, at)
}
