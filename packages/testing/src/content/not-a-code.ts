/** What looks like a one-time code and is none: dates, prices, telephone numbers, references. */
import { introduced, labelled, speaksOfCodes } from './code-words.js'
import type { VisibleLine } from './visible-text.js'

const DATE = /^(?:(?:19|20)\d\d-\d\d(?:-\d\d)?|\d\d-\d\d-(?:19|20)\d\d)$/
const YEAR = /^(?:19|20)\d\d$/
const CURRENCY_BEFORE = /[$€£¥]\s?$|\b(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY)\s?$/
const CURRENCY_BEHIND = /^(?:[.,]\d\d)?\s?(?:[$€£¥円元]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|kr)\b)/
const UNIT_BEHIND =
  /^\s?(?:%|(?:px|pt|Uhr|[ap]\.?m\.?|min(?:ute)?s?|hours?|days?|seconds?|Minuten|Stunden|Tage|[KMG]B|km|kg|points|users)\b)/i
/** `555-123-4567`, `030-901820`; opening hours look like that, too. */
const TELEPHONE = /^\d{2,4}-\d{3,6}(?:-\d{3,4})?$/
/** `San Francisco, CA 94105`: the sender's address stands below every other mail. */
const STATE_BEFORE = /,\s[A-Z]{2}\s$/
const ZIP = /^\d{5}(?:-\d{4})?$/
/** Words before a number that say what else it is. */
const REFERENCE = new RegExp(
  [
    '(?:\\b(?:order|invoice|ticket|request|transaction|case|ref(?:erence)?|customer|account|booking|tracking|member|zip|plz|box|suite|apt|room',
    '|bestellung|rechnung|kunde|auftrag|version|build|chrome|firefox|safari|windows|android|ios|macos|port|page|issue',
    '|article|device|parcel|commande|facture|pedido|factura|ordine|fattura|bestelling|factuur|zam[óo]wieni[ae]|sipari[şs])',
    '(?:\\s?(?:no|number|nr|nummer|id))?|\\b[a-zäöüß]{3,}(?:nummer|nr)|(?:番号|订单号|訂單號|单号|заказ))',
    '(?: is| lautet| ist)?[.:]?\\s?#?$',
  ].join(''),
  'i',
)

/** A line that is the label of the number below it, and no sentence: `Order number`, `Kunde:`. */
const LABEL_ABOVE = /^.{0,40}(?:\bno|number|\bnr|nummer|\bid|番号|号|#|:)\.?$/i

/** What of a code is known besides its line. */
export interface Surroundings {
  /** The line above it in the same text, or one of codes further up that this one belongs to. */
  readonly above: string
  readonly digits: number | undefined
  /** What the test says stands near the code. */
  readonly near: RegExp | undefined
}

/** Characters before and behind a token that say what it is. */
const AROUND = 100

/** Why a token of a line is no code; `null` when it may be one. */
export function notACode(token: string, line: VisibleLine, index: number, known: Surroundings): string | null {
  const { above, digits } = known
  const bare = token.replace(/[- ]/g, '')
  const before = line.text.slice(Math.max(0, index - AROUND), index)
  const behind = line.text.slice(index + token.length, index + token.length + AROUND)
  const alone = line.text.trim() === token
  if (!/\d/.test(bare) && !introduced(before) && !(alone && introduced(above))) return 'a word'
  if (digits !== undefined && bare.length !== digits) return `not ${digits} characters`
  if (bare.length > 12) return 'too long'
  if (DATE.test(token)) return 'a date'
  if (YEAR.test(token) && !line.prominent && !alone && !labelled(before)) return 'a year'
  if (CURRENCY_BEFORE.test(before) || CURRENCY_BEHIND.test(behind)) return 'a price'
  if (ZIP.test(token) && STATE_BEFORE.test(before)) return 'a postal code'
  if (before.trimEnd().endsWith('#') || UNIT_BEHIND.test(behind)) return 'a number of something'
  // Another group of digits beside it: a telephone or card number.
  if (/[\d)][\s.-]$/.test(before) || /^[\s.-]\(?\d/.test(behind) || /\+$/.test(before)) return 'part of a longer number'
  const told = labelled(before) || (alone && speaksOfCodes(above))
  if (TELEPHONE.test(token) && digits === undefined && !told) return 'a telephone number'
  // `A4B5` within a sentence may be anything.
  const isCalled = speaksOfCodes(line.text) || speaksOfCodes(above) || known.near !== undefined || digits !== undefined
  if (/^(?=.*[A-Z])[A-Z0-9]+$/.test(token) && !isCalled && !alone && !line.prominent) return 'nothing calls it a code'
  if (isReference(before, known) || (alone && LABEL_ABOVE.test(above.trim()) && isReference(above.trim(), known)))
    return 'a reference'
  return null
}

function isReference(before: string, { near }: Surroundings): boolean {
  const said = REFERENCE.exec(before)
  return said !== null && !speaksOfCodes(said[0]) && !near?.test(said[0])
}
