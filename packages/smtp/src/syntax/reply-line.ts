/** Reading replies: what a client does with the lines of a server. */

/** One line of a reply (RFC 5321 §4.2). */
export interface ReplyLine {
  /** 200 to 599. */
  readonly code: number
  /** False when `-` follows the code: more lines of the same reply come. */
  readonly last: boolean
  /** What follows the code and its separator. */
  readonly text: string
}

/** Reads a reply line without its line end; `null` when it is none. */
export function parseReplyLine(line: string): ReplyLine | null {
  if (line.length < 3) return null
  const first = line.charCodeAt(0) - 48
  const second = line.charCodeAt(1) - 48
  const third = line.charCodeAt(2) - 48
  if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return null
  const code = first * 100 + second * 10 + third
  if (line.length === 3) return { code, last: true, text: '' }
  const separator = line.charCodeAt(3)
  if (separator !== 32 && separator !== 45) return null
  return { code, last: separator === 32, text: line.slice(4) }
}

/** Splits `2.1.0 text` into its enhanced status code (RFC 2034 §3) and the rest. */
export function splitEnhancedCode(
  text: string,
  code: number,
): { readonly enhanced: string | null; readonly text: string } {
  let at = 0
  let dots = 0
  let digits = 0
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c >= 48 && c <= 57) {
      if (++digits > 3) return { enhanced: null, text }
    } else if (c === 46 && digits > 0 && dots < 2) {
      dots++
      digits = 0
    } else break
  }
  const ended = at === text.length || text.charCodeAt(at) === 32
  const fits = text.charCodeAt(0) - 48 === Math.floor(code / 100) && text.charCodeAt(1) === 46
  if (dots !== 2 || digits === 0 || !ended || !fits) return { enhanced: null, text }
  return { enhanced: text.slice(0, at), text: text.slice(at + 1) }
}
