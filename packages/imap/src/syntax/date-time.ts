/** Dates of the protocol (RFC 9051 §9, date and date-time). */
import { latin1 } from '@posthouse/wire'
import type { Cursor } from './cursor.js'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY = 86_400_000

function month(name: string): number {
  const lower = name.toLowerCase()
  return MONTHS.findIndex((known) => known.toLowerCase() === lower)
}

function digits(text: string, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return start === end ? -1 : value
}

/** Milliseconds of a calendar day's beginning in UTC; `null` when there is no such day. */
function dayStart(year: number, monthIndex: number, day: number): number | null {
  if (year < 0 || monthIndex < 0 || day < 1) return null
  const date = new Date(0)
  date.setUTCFullYear(year, monthIndex, day)
  return date.getUTCDate() === day && date.getUTCMonth() === monthIndex ? date.getTime() : null
}

/** Reads `1-Feb-1994` or `"1-Feb-1994"`: the beginning of that day in UTC, ms since the epoch. */
export function parseDate(cursor: Cursor): number {
  const text = cursor.text('Date')
  const first = text.indexOf('-')
  const day = first === 1 || first === 2 ? digits(text, 0, first) : -1
  const start =
    text.length === first + 9 && text[first + 4] === '-'
      ? dayStart(digits(text, first + 5, first + 9), month(text.slice(first + 1, first + 4)), day)
      : null
  return start ?? cursor.fail('Date expected, like 1-Feb-1994')
}

/** Reads `"17-Jul-1996 02:44:25 -0700"`: ms since the epoch. */
export function parseDateTime(cursor: Cursor): number {
  const text = latin1(cursor.string('Date and time'))
  const start =
    text.length === 26 && text[2] === '-' && text[6] === '-' && text[11] === ' ' && text[20] === ' '
      ? dayStart(digits(text, 7, 11), month(text.slice(3, 6)), digits(text, text[0] === ' ' ? 1 : 0, 2))
      : null
  const [hour, minute, second] = [digits(text, 12, 14), digits(text, 15, 17), digits(text, 18, 20)]
  const [zoneHour, zoneMinute] = [digits(text, 22, 24), digits(text, 24, 26)]
  const sign = text[21] === '+' ? 1 : text[21] === '-' ? -1 : 0
  const colons = text[14] === ':' && text[17] === ':'
  const inRange = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60
  if (start === null || !inRange || !colons || sign === 0 || zoneHour < 0 || zoneMinute < 0 || zoneMinute > 59) {
    return cursor.fail('Date and time expected, like "17-Jul-1996 02:44:25 -0700"')
  }
  return start + ((hour * 60 + minute) * 60 + second) * 1000 - sign * (zoneHour * 60 + zoneMinute) * 60_000
}

const pad = (value: number, size = 2): string => String(value).padStart(size, '0')

/** `"17-Jul-1996 09:44:25 +0000"`, with its quotes. Always in UTC. */
export function formatDateTime(time: number): string {
  const date = new Date(time)
  const day = String(date.getUTCDate()).padStart(2, ' ')
  const clock = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`
  return `"${day}-${MONTHS[date.getUTCMonth()]}-${pad(date.getUTCFullYear(), 4)} ${clock} +0000"`
}

/** The beginning of the day (UTC) that a time lies in. */
export function startOfDay(time: number): number {
  return Math.floor(time / DAY) * DAY
}

/** Milliseconds of a day. */
export const DAY_MS = DAY
