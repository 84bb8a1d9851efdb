/** Where something that may be a one-time code stands in a line. */
import { labelled } from './code-words.js'
import type { VisibleLine } from './visible-text.js'

export interface CodeToken {
  readonly token: string
  readonly index: number
}

/**
 * Digits, or letters and digits with at least one digit; groups joined by a dash or a space. A colon before it ends a
 * label, but not within a time or an IPv6 address.
 */
const TOKEN =
  /(?<![\w@#./+-]|\d:|::)(?:[A-Z]-)?(?:[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3}|\d{3} \d{3}|[A-Z0-9]{4,10})(?![\w@/:-]|\.\d)/g
/** One digit at a time: `4 8 2 9 1 3`. */
const SPACED = /(?<![\w.])\d(?: \d){3,9}(?![\w.])/g
/** Two to four at a time: `48 29 13`. Telephone numbers look like that, too. */
const GROUPED = /(?<![\w.+(/-]|\d )\d{2,4}(?: \d{2,4}){1,3}(?![\w./-]| \d)/g
/** What may end a label. */
const INTRODUCES = /[:=]|\b(?:is|ist|lautet)\b/g
/** Behind a label small letters are as good as capitals. */
const WORD = /^[ \t]*([A-Za-z0-9]{4,12})(?![\w@/-])/
/** Numbers in addresses are no codes. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+|[^\s<>"@]+@[^\s<>"@]+\.[a-z]+/gi

/** In order of their place. `digits`: how many characters the code has, if that is known. */
export function tokensOf(line: VisibleLine, digits: number | undefined): CodeToken[] {
  const text = line.text.replace(ADDRESS, (address) => ' '.repeat(address.length))
  const found = [...text.matchAll(TOKEN), ...text.matchAll(SPACED)].map(asToken)
  for (const group of [...text.matchAll(GROUPED)].map(asToken)) {
    const { token, index } = group
    const fits = labelled(text.slice(0, index)) || token.replaceAll(' ', '').length === digits
    if (fits && !found.some((one) => one.token === token && one.index === index)) found.push(group)
  }
  const word = found.length === 0 ? wordOf(text, line.prominent) : null
  return word ? [word] : found
}

function asToken({ 0: token, index }: RegExpExecArray): CodeToken {
  return { token, index }
}

/** Small letters only where nothing else stands, and behind a label: in a sentence `mp3s` is a word. */
function wordOf(text: string, prominent: boolean): CodeToken | null {
  const whole = text.trim()
  if ((prominent || whole.length <= 12) && /^[A-Za-z0-9]{4,10}$/.test(whole)) {
    return { token: whole, index: text.indexOf(whole) }
  }
  for (const { index, 0: sign } of text.matchAll(INTRODUCES)) {
    const behind = index + sign.length
    if (!labelled(text.slice(0, behind))) continue
    const word = WORD.exec(text.slice(behind))
    if (word && /\d/.test(word[1])) return { token: word[1], index: text.indexOf(word[1], behind) }
  }
  return null
}
