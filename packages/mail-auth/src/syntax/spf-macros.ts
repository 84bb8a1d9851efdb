/** Macros of SPF records (RFC 7208 §7). */

/** What macro letters stand for, in lower case. */
export type MacroValues = ReadonlyMap<string, string>

/** The record with the macros of these letters in plain text; others, and what is none, stay as they are. */
export function expandMacros(record: string, values: MacroValues): string {
  let out = ''
  let at = 0
  for (let percent = record.indexOf('%'); percent !== -1; percent = record.indexOf('%', at)) {
    const close = record[percent + 1] === '{' ? record.indexOf('}', percent) : -1
    const value = close === -1 ? undefined : values.get(record[percent + 2].toLowerCase())
    const end = close === -1 ? percent + 2 : close + 1
    const plain = value === undefined ? null : transformed(value, record.slice(percent + 3, close))
    out += record.slice(at, percent) + (plain === null ? record.slice(percent, end) : escaped(plain))
    at = end
  }
  return out + record.slice(at)
}

const DELIMITERS = '.-+,/_='

/** So many parts on the right, in reverse or not, cut at these delimiters; `null`: it says something else. */
function transformed(value: string, how: string): string | null {
  let digits = 0
  while (how[digits] >= '0' && how[digits] <= '9') digits++
  const reversed = how[digits]?.toLowerCase() === 'r'
  const delimiters = how.slice(digits + Number(reversed)) || '.'
  for (const delimiter of delimiters) if (!DELIMITERS.includes(delimiter)) return null
  const parts = ['']
  for (const character of value) {
    if (delimiters.includes(character)) parts.push('')
    else parts[parts.length - 1] += character
  }
  if (reversed) parts.reverse()
  return parts.slice(-Number(how.slice(0, digits))).join('.')
}

/** Blanks end a term. */
function escaped(text: string): string {
  return text.replaceAll('%', '%%').replaceAll(' ', '%_')
}
