/** Where something that may be a one-time code stands in a line. */
import { labelled, speaksOfCodes } from './code-words.js'
import type { VisibleLine } from './visible-text.js'

export interface CodeToken {
  readonly token: string
  readonly index: number
}

/** A colon before a token ends a label, but not within a time or an IPv6 address; `_` is what is left of `_bold_`. */
const BEGINS = '(?<![A-Za-z0-9@#./+-]|[A-Za-z0-9]_|\\d:|::)'
const ENDS = '(?![A-Za-z0-9@/:-]|_[A-Za-z0-9]|\\.\\d)'
/** Digits, or capitals and digits; groups joined by a dash or a space. */
const TOKEN = between('(?:[A-Z]-)?(?:[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3}|\\d{3} \\d{3}|[A-Z0-9]{4,10})')
/** The same with small letters. */
const SMALL = between('(?:[A-Za-z0-9]{2,6}(?:-[A-Za-z0-9]{2,6}){1,3}|[A-Za-z0-9]{4,12})')
/** One digit at a time: `4 8 2 9 1 3`. */
const SPACED = /(?<![\w.])\d(?: \d){3,9}(?![\w.])/g
/** Two to four at a time: `48 29 13`. Telephone numbers look like that, too. */
const GROUPED = /(?<![\w.+(/-]|\d )\d{2,4}(?: \d{2,4}){1,3}(?![\w./-]| \d)/g
/** Numbers in addresses are no codes. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+|[^\s<>"@]+@[^\s<>"@]+\.[a-z]+/gi

function between(token: string): RegExp {
  return new RegExp(BEGINS + token + ENDS, 'g')
}

/** In order of their place. `above`: the line before; `digits`: how many characters the code has, if that is known. */
export function tokensOf(line: VisibleLine, above: string, digits: number | undefined): CodeToken[] {
  const text = line.text.replace(ADDRESS, (address) => ' '.repeat(address.length))
  const found = [...text.matchAll(TOKEN), ...text.matchAll(SPACED)].map(asToken)
  const fresh = (one: CodeToken): boolean =>
    !found.some(({ token, index }) => token === one.token && index === one.index)
  for (const group of [...text.matchAll(GROUPED)].map(asToken)) {
    const { token, index } = group
    const told = labelled(text.slice(0, index)) || (text.trim() === token && labelled(above))
    if ((told || token.replaceAll(' ', '').length === digits) && fresh(group)) found.push(group)
  }
  if (digits !== undefined && digits < 4) found.push(...[...text.matchAll(between(`\\d{${digits}}`))].map(asToken))
  return [...found, ...smallTokens(text, line.prominent, above)]
}

function asToken({ 0: token, index }: RegExpExecArray): CodeToken {
  return { token, index }
}

/** Characters before and behind a token that say whether it is meant. */
const AROUND = 60
/** What may stand before a code in a text that speaks of codes. */
const GIVES = /(?:[:=]|\b(?:is|ist|lautet|enter|use|type|with))\s*["'`<([*_]*$/i
/** `kx9p2q is your code`, `use it as your code`. */
const GIVEN = /^["'`>)\]*_]*\s(?:is|as) (?:your|the)\b/

/** Small letters only where a code is meant, and with a digit: in a sentence `mp3s` is a word, `10-digit` a length. */
function smallTokens(text: string, prominent: boolean, above: string): CodeToken[] {
  const whole = text.trim()
  const alone = prominent || whole.length <= 16
  const speaks = speaksOfCodes(text) || speaksOfCodes(above)
  if (!alone && !speaks) return []
  const meant = ({ token, index }: CodeToken): boolean => {
    if (!/[a-z]/.test(token) || !/\d/.test(token)) return false
    if (alone && whole === token) return !AMOUNT.test(token) || speaks
    if (!speaks || AMOUNT.test(token)) return false
    const before = text.slice(Math.max(0, index - AROUND), index)
    const behind = text.slice(index + token.length, index + token.length + AROUND)
    return changes(token) > 2 || labelled(before) || GIVES.test(before) || GIVEN.test(behind)
  }
  return [...text.matchAll(SMALL)].map(asToken).filter(meant)
}

/** `10-digit`, `15min`. */
const AMOUNT = /^\d{1,4}-?[A-Za-z]+$/

/** How often letters follow digits, or digits letters: in `kx9-p2q` four times, in words once. */
function changes(token: string): number {
  const kinds = token
    .replaceAll('-', '')
    .replace(/\d+/g, '0')
    .replace(/[A-Za-z]+/g, 'a')
  return kinds.length - 1
}
