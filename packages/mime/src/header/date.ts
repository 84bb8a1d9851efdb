/**
 * Date-times of header fields (RFC 5322 §3.3, obsolete forms of §4.3), with what real mail has: no weekday, hyphens,
 * `asctime` order, ISO 8601, months as numbers, dots or nothing in the time, named zones, zones with a colon, comments anywhere.
 *
 * The words of the field are looked at one by one and say themselves what they are: a month has letters, a time has
 * colons, a year has more than two digits or comes after the day.
 */

import { lowerCase } from '../ascii.js'
import { commentEnd, skipCfws } from './comments.js'
import { decodeWords } from './words.js'

/** A Date field that was read. */
export interface HeaderDate {
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly time: number
  /** Minutes east of UTC, as written; null for `-0000` and zones that mean nothing. `time` then takes it for UTC. */
  readonly zone: number | null
}

const SLASH = 0x2f
const COLON = 0x3a
const DOT = 0x2e
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec'
/** RFC 5322 §4.3. The single letters are not here: they mean `-0000`, except Z. */
const ZONES = new Map<string, number>([
  ['z', 0],
  ['ut', 0],
  ['utc', 0],
  ['gmt', 0],
  ['edt', -240],
  ['est', -300],
  ['cdt', -300],
  ['cst', -360],
  ['mdt', -360],
  ['mst', -420],
  ['pdt', -420],
  ['pst', -480],
])
/** Longer fields are no dates. */
const MAX_LENGTH = 256
const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

interface Parts {
  day: number
  month: number
  year: number
  /** Seconds of the day, -1 until the time was seen. */
  seconds: number
  zone: number | null
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isLetter(code: number): boolean {
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a
}

/** The value of a field as octets, folded or not. Null when no date can be read. */
export function parseDate(text: string): HeaderDate | null {
  const cut = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text
  const value = cut.includes('=?') ? decodeWords(cut).text : cut
  const parts: Parts = { day: -1, month: -1, year: -1, seconds: -1, zone: null }
  for (let at = 0; at < value.length; ) {
    const code = value.charCodeAt(at)
    const start = at
    if (code === 0x28) {
      const end = commentEnd(value, at)
      if (end === -1) break
      at = end
    } else if (isLetter(code)) {
      while (isLetter(value.charCodeAt(at))) at++
      takeWord(parts, lowerCase(value.slice(start, at)))
    } else if (isDigit(code)) {
      const number = readNumber(value, at, parts)
      at = number.end
      if (number.text.length < 3 && value.charCodeAt(at) === SLASH && takeSlashed(parts, Number(number.text))) continue
      if (!takeNumber(parts, number.text)) return null
      // Fractions of a second are not kept.
      if (parts.seconds !== -1 && value.charCodeAt(at) === 0x2e) for (at++; isDigit(value.charCodeAt(at)); ) at++
    } else if ((code === 0x2b || code === 0x2d) && parts.seconds !== -1 && isDigit(value.charCodeAt(at + 1))) {
      at++
      while (isDigit(value.charCodeAt(at)) || value.charCodeAt(at) === 0x3a) at++
      parts.zone = readZone(value.slice(start, at)) ?? parts.zone
    } else {
      at++
    }
  }
  return resolve(parts)
}

/**
 * A number or a time and the offset behind it. Blanks and comments may stand around the colons of a time (RFC 5322
 * §4.3), and where one is due, dots may stand for them.
 */
function readNumber(value: string, start: number, parts: Parts): { text: string; end: number } {
  let text = ''
  let divider = 0
  for (let at = start; ; ) {
    const from = at
    while (isDigit(value.charCodeAt(at))) at++
    text += value.slice(from, at)
    const next = parts.seconds === -1 ? skipCfws(value, at) : at
    const code = value.charCodeAt(next)
    const divides = code === COLON || (code === DOT && next === at && parts.year !== -1 && parts.seconds === -1)
    const digits = code === COLON && parts.seconds === -1 ? skipCfws(value, next + 1) : next + 1
    if (!divides || !isDigit(value.charCodeAt(digits)) || (divider !== 0 && divider !== code)) return { text, end: at }
    divider = code
    text += ':'
    at = digits
  }
}

/** `1/31/2001`: the month first, as those who write so do, unless it cannot be one. */
function takeSlashed(parts: Parts, value: number): boolean {
  if (parts.year !== -1 || parts.month !== -1 || value < 1 || value > 12) return false
  parts.month = value - 1
  return true
}

function takeWord(parts: Parts, word: string): void {
  if (parts.month === -1 && word.length >= 3) {
    const index = MONTHS.indexOf(word.slice(0, 3))
    if (index !== -1 && index % 3 === 0) {
      parts.month = index / 3
      return
    }
  }
  if (parts.seconds === -1) return
  if (word === 'pm' && parts.seconds < 43_200) parts.seconds += 43_200
  else if (word === 'am' && parts.seconds >= 43_200) parts.seconds -= 43_200
  else parts.zone ??= ZONES.get(word) ?? null
}

/** False when the number makes the field no date. */
function takeNumber(parts: Parts, number: string): boolean {
  if (number.includes(':')) {
    if (parts.seconds !== -1) return true
    parts.seconds = readTime(number)
    return parts.seconds !== -1
  }
  const value = Number(number)
  if (number.length >= 3 && parts.year === -1 && number.length <= 4) {
    parts.year = number.length === 3 ? value + 1900 : value < 100 ? shortYear(value) : value
  } else if (parts.year !== -1 && parts.month === -1 && parts.day === -1 && value >= 1 && value <= 12) {
    parts.month = value - 1 // ISO 8601: the year came first
  } else if (parts.day === -1) {
    parts.day = value
  } else if (parts.month === -1 && parts.year === -1 && value >= 1 && value <= 12) {
    parts.month = value - 1 // all in numbers, the day first
  } else if (parts.year === -1) {
    if (number.length > 2) return false
    parts.year = shortYear(value)
  }
  return number.length <= 8
}

/** RFC 5322 §4.3. */
function shortYear(value: number): number {
  return value + (value < 50 ? 2000 : 1900)
}

/** Seconds of the day of `h:m` or `h:m:s`, or -1. */
function readTime(text: string): number {
  const first = text.indexOf(':')
  const second = text.indexOf(':', first + 1)
  const hours = Number(text.slice(0, first))
  const minutes = Number(text.slice(first + 1, second === -1 ? undefined : second))
  const third = second === -1 ? -1 : text.indexOf(':', second + 1)
  const seconds = second === -1 ? 0 : Number(text.slice(second + 1, third === -1 ? undefined : third))
  return hours <= 23 && minutes <= 59 && seconds <= 60 ? hours * 3600 + minutes * 60 + seconds : -1
}

/** `+hhmm`, `+hh:mm`, `+hh`, `+hmm`; null for `-0000` and what is out of range. */
function readZone(text: string): number | null {
  const digits = text.slice(1).replaceAll(':', '')
  if (digits.length > 4 || text.slice(0, 5) === '-0000') return null
  const hours = Number(digits.length <= 2 ? digits : digits.slice(0, -2))
  const minutes = digits.length <= 2 ? 0 : Number(digits.slice(-2))
  if (hours > 23 || minutes > 59) return null
  const zone = hours * 60 + minutes
  return text.startsWith('-') ? -zone : zone
}

function resolve(parts: Parts): HeaderDate | null {
  const { day, month, year, zone } = parts
  if (day < 1 || month === -1 || year < 1 || day > DAYS_IN_MONTH[month]!) return null
  const midnight = Date.UTC(year, month, day)
  // 29 February of another year
  if (day === 29 && new Date(midnight).getUTCMonth() !== month) return null
  const seconds = Math.max(0, parts.seconds) - (zone ?? 0) * 60
  return { time: midnight + seconds * 1000, zone }
}
