/** What looks like a one-time code and is none: dates, prices, telephone numbers, references. */
import type { VisibleLine } from './visible-text.js'

const DATE = /^(?:19|20)\d\d-\d\d(?:-\d\d)?$/
const YEAR = /^(?:19|20)\d\d$/
const CURRENCY_BEFORE = /[$€£¥]\s?$|\b(?:EUR|USD|GBP|CHF)\s?$/
const CURRENCY_BEHIND = /^\s?(?:[$€£¥]|(?:EUR|USD|GBP|CHF)\b)/
const UNIT_BEHIND =
  /^\s?(?:%|(?:px|pt|Uhr|[ap]\.?m\.?|min(?:ute)?s?|hours?|days?|seconds?|Minuten|Stunden|Tage|[KMG]B|km|kg|points|users)\b)/i
/** Words before a number that say what else it is. */
const REFERENCE = new RegExp(
  [
    '\\b(?:order|invoice|ticket|case|ref(?:erence)?|customer|account|booking|tracking|member|zip|plz|box|suite|apt|room',
    '|bestellung|rechnung|kunde|version|build|chrome|firefox|safari|windows|android|ios|macos|port|page|issue|article)',
    '(?:\\s?(?:no|number|nr|nummer|id))?[.:]?\\s?#?$',
  ].join(''),
  'i',
)
/** A word that introduces the code itself. */
const INTRODUCED = /\b(?:code|pin|otp|passcode|tan)\b(?: is| lautet)?:?\s*$/i

/** Why a token of a line is no code; `null` when it may be one. */
export function notACode(token: string, line: VisibleLine, index: number, digits: number | undefined): string | null {
  const bare = token.replace(/[- ]/g, '')
  const before = line.text.slice(0, index)
  const behind = line.text.slice(index + token.length)
  if (!/\d/.test(bare)) return 'a word'
  if (digits !== undefined && bare.length !== digits) return `not ${digits} characters`
  if (bare.length > 12) return 'too long'
  if (DATE.test(token)) return 'a date'
  if (YEAR.test(token) && !standsOut(token, line) && !INTRODUCED.test(before)) return 'a year'
  if (CURRENCY_BEFORE.test(before) || CURRENCY_BEHIND.test(behind)) return 'a price'
  if (before.trimEnd().endsWith('#') || UNIT_BEHIND.test(behind)) return 'a number of something'
  // Another group of digits beside it: a telephone or card number.
  if (/[\d)][\s.-]$/.test(before) || /^[\s.-]\(?\d/.test(behind) || /\+$/.test(before)) return 'part of a longer number'
  if (REFERENCE.test(before)) return 'a reference'
  return null
}

/** Nothing else stands in its block, or it is set in large type. */
function standsOut(token: string, { text, prominent }: VisibleLine): boolean {
  return prominent || text.trim() === token
}
