/** What looks like a one-time code and is none: dates, prices, telephone numbers, references. */
import { introduced, labelled, speaksOfCodes, speaksOfLogins } from './code-words.js'
import type { VisibleLine } from './visible-text.js'

const DATE = /^(?:(?:19|20)\d\d-\d\d(?:-\d\d)?|\d\d-\d\d-(?:19|20)\d\d)$/
/** Dates that may as well be codes: `20260310`, `03-10-26`, `10-MAR-2026`. */
const DATE_LIKE =
  /^(?:(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|[0-3]\d-[0-3]\d-\d\d|\d\d-(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)-\d{2,4})$/
const YEAR = /^(?:19|20)\d\d$/
const NAMED = 'EUR|USD|GBP|CHF|SEK|NOK|DKK|JPY|INR|PLN|CZK|HUF|CAD|AUD|BRL|MXN|CNY|KRW'
const CURRENCY_BEFORE = new RegExp(`(?:\\p{Sc}|\\b(?:${NAMED}|Rs\\.?))\\s?$`, 'u')
const CURRENCY_BEHIND = new RegExp(`^(?:[.,]\\d\\d)?\\s?(?:[\\p{Sc}円元원]|zł|Kč|(?:${NAMED}|kr|Ft)\\b)`, 'u')
const UNIT_BEHIND =
  /^\s?(?:%|(?:px|pt|Uhr|[ap]\.?m\.?|min(?:ute)?s?|hours?|days?|seconds?|Minuten|Stunden|Tage|[KMG]B|km|kg|points|users)\b)/i
/** `1600 Amphitheatre Parkway` */
const STREET_BEHIND =
  /^(?: [A-Z][\w.]*){1,4} (?:St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Dr|Drive|Ln|Lane|Way|Parkway|Pkwy)\b/
/** `555-123-4567`, `030-901820`; opening hours look like that, too. */
const TELEPHONE = /^\d{2,4}-\d{3,6}(?:-\d{3,4})?$/
const TELEPHONE_BEFORE = /\b(?:phone|tel|telefon|telephone|mobile|fax|hotline)\b\.?:?\s?$/i
/** The end of a card's number. */
const CARD_BEFORE = /(?:\bending (?:in|with)|\bends (?:in|with)|\*\*|••|\bxx+)\s?[:-]?\s?$/i
/** `San Francisco, CA 94105`, `Springfield IL 62704`: the sender's address stands below every other mail. */
const STATE_BEFORE = /(?:,|[a-z]{3})\s[A-Z]{2}\s$/
const ZIP = /^\d{5}(?:-\d{4})?$/
/** Words before a number that say what else it is. */
const REFERENCE = new RegExp(
  [
    '(?:\\b(?:order|invoice|ticket|request|transaction|case|ref(?:erence)?|customer|account|booking|tracking|member|zip|plz|box|suite|apt|room',
    '|bestellung|rechnung|kunde|auftrag|version|build|chrome|firefox|safari|windows|android|ios|macos|port|page|issue|sku|company|registration|vat|hr[ab]',
    '|article|device|parcel|commande|facture|pedido|factura|ordine|fattura|bestelling|factuur|zam[óo]wieni[ae]|sipari[şs]',
    '|tilaus|objednávka|comanda|narudžba|pesanan)',
    '(?:\\s?(?:no|number|nr|nummer|id))?|\\b[a-zäöüß]{3,}(?:nummer|nr)|(?:番号|订单号|訂單號|单号|заказ|παραγγελίας|đơn hàng))',
    '(?: is| lautet| ist)?[.:]?\\s?#?$',
  ].join(''),
  'i',
)
/** Codes that open nothing. */
const OTHER_CODE =
  /\b(?:(?:zip|post(?:al)?|area|country|error|status|product|sort|dial(?:l?ing)?|tracking|order|bar)[ -]?codes?|postleitzahl)(?: is)?\s?[:=]?\s*$/i

/** A line that is the label of the number below it, and no sentence: `Order number`, `Kunde:`. */
const LABEL_ABOVE = /^.{0,40}(?:\bno|number|\bnr|nummer|\bid|番号|号|#|:)\.?$/i

/** What of a code is known besides its line. */
export interface Surroundings {
  /** The line above it in the same text, or one of codes further up that this one belongs to. */
  readonly above: string
  readonly digits: number | undefined
  /** What the test says stands near the code. */
  readonly near: RegExp | undefined
  /** Whether the subject names a code. */
  readonly aboutCodes: boolean
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
  const told = labelled(before) || (alone && speaksOfCodes(above))
  if (!/\d/.test(bare) && !lettersMayBe(token, line, before, known)) return 'a word'
  if (digits !== undefined && bare.length !== digits) return `not ${digits} characters`
  if (bare.length > 12) return 'too long'
  if (DATE.test(token) || (DATE_LIKE.test(token) && !told)) return 'a date'
  if (YEAR.test(token) && !told && (!alone || !known.aboutCodes)) return 'a year'
  if (CURRENCY_BEFORE.test(before) || CURRENCY_BEHIND.test(behind)) return 'a price'
  if (ZIP.test(token) && STATE_BEFORE.test(before)) return 'a postal code'
  if (OTHER_CODE.test(before) || (alone && OTHER_CODE.test(above))) return 'a code of another kind'
  if (before.trimEnd().endsWith('#') || UNIT_BEHIND.test(behind) || STREET_BEHIND.test(behind))
    return 'a number of something'
  // Another group of digits beside it: a telephone or card number.
  if (/[\d)][\s.-]$/.test(before) || /^[\s.-]\(?\d/.test(behind) || /\+$/.test(before)) return 'part of a longer number'
  if (CARD_BEFORE.test(before)) return 'part of a longer number'
  if ((TELEPHONE.test(token) && digits === undefined && !told) || TELEPHONE_BEFORE.test(before))
    return 'a telephone number'
  if (!isCalledOne(token, line, alone, known)) return 'nothing calls it a code'
  if (isReference(before, known) || (alone && LABEL_ABOVE.test(above.trim()) && isReference(above.trim(), known)))
    return 'a reference'
  return null
}

/** Letters without a digit: behind what introduces a code, or in groups where one is spoken of: `WDJB-MJHT`. */
function lettersMayBe(token: string, line: VisibleLine, before: string, { above }: Surroundings): boolean {
  const alone = line.text.trim() === token
  if (introduced(before) || (alone && introduced(above))) return true
  const [first, ...groups] = token.split('-')
  const grouped = groups.length > 0 && groups.every((group) => group.length === first.length)
  if (grouped && (labelled(before) || (alone && speaksOfCodes(above)))) return true
  return alone && above.trimEnd().endsWith(':') && speaksOfCodes(above) && /^[A-Z-]+$/.test(token)
}

/** `A4B5` within a sentence may be anything, and so may any number; one of six digits is mostly a code. */
function isCalledOne(token: string, line: VisibleLine, alone: boolean, known: Surroundings): boolean {
  if (alone || line.prominent || known.near !== undefined || known.digits !== undefined) return true
  if (speaksOfCodes(line.text) || speaksOfCodes(known.above)) return true
  const about = speaksOfLogins(line.text) || speaksOfLogins(known.above)
  if (/[A-Za-z]/.test(token)) return about && token.includes('-')
  return about || known.aboutCodes || /^\d{6}$/.test(token) || token.includes(' ')
}

function isReference(before: string, { near }: Surroundings): boolean {
  const said = REFERENCE.exec(before)
  return said !== null && !speaksOfCodes(said[0]) && !near?.test(said[0])
}
