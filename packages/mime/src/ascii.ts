/**
 * Case and blanks as mail protocols mean them: of ASCII alone. The string methods of the language know Unicode; on
 * octets kept as latin1 they would take 0xA0 for a blank and 0xC4 for a capital letter, and both are parts of characters.
 */

/** True when all characters are below 128. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** True for space, tab, CR and LF. */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a
}

/** True when all characters are digits. */
export function isNumber(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false
  return true
}

/** The letters A to Z in lower case; no other character changes. */
export function lowerCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : lowerCaseAround(text)
}

function lowerCaseAround(text: string): string {
  let lower = ''
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    lower += code >= 0x41 && code <= 0x5a ? String.fromCharCode(code + 0x20) : text.charAt(i)
  }
  return lower
}

/** Without spaces, tabs and line breaks at the end. */
export function trimBlanksEnd(text: string): string {
  let end = text.length
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--
  return end === text.length ? text : text.slice(0, end)
}

/** Without spaces, tabs and line breaks at either end. */
export function trimBlanks(text: string): string {
  let start = 0
  while (start < text.length && isBlank(text.charCodeAt(start))) start++
  return trimBlanksEnd(start === 0 ? text : text.slice(start))
}
