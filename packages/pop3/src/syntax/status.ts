import { utf8 } from '@posthouse/wire'

/** The first line of a response (RFC 1939 §3). */
export interface Pop3Status {
  readonly ok: boolean
  /** What stands behind `+OK` or `-ERR` and the response code. */
  readonly text: string
  /** A response code without its brackets, in upper case (RFC 2449 §8, RFC 3206), or `null`. */
  readonly code: string | null
}

/** Reads `+OK ...` and `-ERR ...`; `null` for anything else. */
export function parseStatus(line: Uint8Array): Pop3Status | null {
  const whole = utf8(line)
  const ok = word(whole, '+OK')
  if (!ok && !word(whole, '-ERR')) return null
  const text = whole.slice(ok ? 3 : 4).trimStart()
  const close = text.startsWith('[') ? text.indexOf(']') : -1
  if (close < 2) return { ok, text, code: null }
  return { ok, text: text.slice(close + 1).trimStart(), code: text.slice(1, close).toUpperCase() }
}

function word(line: string, indicator: string): boolean {
  if (line.slice(0, indicator.length).toUpperCase() !== indicator) return false
  return line.length === indicator.length || line[indicator.length] === ' '
}
