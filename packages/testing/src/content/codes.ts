/**
 * One-time codes. Candidates are ranked by where they stand; two equals are an error that lists them, so that a phone
 * number or an order number is never returned quietly.
 */
import { TestMailError } from '../errors.js'
import { isPattern } from '../match.js'
import { checkNames } from '../options.js'
import { tokensOf } from './code-tokens.js'
import { labelled, namesCode, speaksOfCodes } from './code-words.js'
import { notACode, type Surroundings } from './not-a-code.js'
import { type VisibleLine as Line, shownText, visibleLines } from './visible-text.js'

/** What is known of the code. */
export interface CodeOptions {
  /** How many characters the code has, separators left out. */
  readonly digits?: number
  /** What a code looks like: the first group, or the whole match, is the code. Ranking is left out then. */
  readonly pattern?: RegExp
  /** Words near the code, beside `code`, `pin`, `otp`, `verification`, `passcode`, `token` and the like. */
  readonly near?: RegExp
}

/** Where a code is looked for. */
export interface CodeSource {
  readonly html: string
  readonly text: string
  readonly subject: string
}

interface Candidate {
  code: string
  score: number
  /** Where it stands: HTML, text, subject. */
  readonly places: Set<string>
}

interface PlacedLine extends Line {
  readonly place: string
}

/** WebOTP: `@example.com #123456` is written for machines. */
const BOUND = /^@[^\s#]+ #([A-Za-z0-9-]{4,12})\b/

/** @throws TestMailError `missing`, `ambiguous`. */
export function findCode(content: CodeSource, options: CodeOptions = {}): string {
  checkCodeOptions(options)
  const lines = linesOf(content)
  if (options.pattern) return byPattern(lines, options.pattern)
  const dropped = new Map<string, string>()
  const ranked = rank(lines, options, dropped)
  if (ranked.length === 0) {
    const list = [...dropped].map(([token, reason]) => `${token} (${reason})`).slice(0, 8)
    const left = list.length > 0 ? `; left out: ${list.join(', ')}; say near or pattern for one of them` : ''
    throw new TestMailError('missing', `the message holds nothing that looks like a code${left}`)
  }
  const [best, second] = ranked
  if (second && second.score === best.score) {
    const list = ranked.slice(0, 5).map(({ code }) => code)
    throw new TestMailError('ambiguous', `several codes are as likely: ${list.join(', ')}; say digits, near or pattern`)
  }
  return best.code
}

const OPTIONS: Readonly<Record<keyof CodeOptions, true>> = { digits: true, pattern: true, near: true }

/** `code(/TAN (.+)/)` and `code(6)` would be a code of any kind. */
function checkCodeOptions(options: CodeOptions): void {
  const { digits, near, pattern } = options
  const refuse = (what: unknown, wanted: string): never => {
    throw new TestMailError('options', `code(): ${String(what)} is not what it can be: ${wanted}`)
  }
  if (isPattern(options)) refuse(options, '{ pattern: /TAN (.+)/ }')
  checkNames('code() option', options, OPTIONS)
  if (digits !== undefined && !(Number.isInteger(digits) && digits > 0)) refuse(digits, 'digits: a number, 1 or more')
  for (const one of [near, pattern]) if (one !== undefined && !isPattern(one)) refuse(one, 'near, pattern: /.../')
}

function linesOf({ html, text, subject }: CodeSource): PlacedLine[] {
  const seen = joinBoxes(visibleLines(html))
  return [
    ...seen.flatMap(({ text, prominent }) => pieces(plain(text)).map((text) => ({ text, prominent, place: 'html' }))),
    ...text.split(/\r?\n/).flatMap((line) => pieces(plain(line)).map((text) => ({ ...small, text, place: 'text' }))),
    ...pieces(plain(subject)).map((text) => ({ ...small, text, place: 'subject' })),
  ]
}

const small = { prominent: false }

/** Characters of a line that are looked at together. */
const LONGEST = 2_000

/** A line that is too long is several: what is around each candidate is looked at, and each takes its time. */
function pieces(line: string): string[] {
  const cut: string[] = []
  for (let from = 0; from === 0 || from < line.length; ) {
    const blank = line.length - from > LONGEST ? line.lastIndexOf(' ', from + LONGEST) : -1
    const to = blank > from ? blank : from + LONGEST
    cut.push(line.slice(from, to))
    from = to
  }
  return cut
}

/** Digits of all scripts, hyphens of all kinds and blanks of all widths are what a reader types for them. */
function plain(line: string): string {
  const typed = line
    .normalize('NFKC')
    .replace(/[\u2010-\u2013\u2212]/g, '-')
    .replace(DOT, ' ')
  return shownText(typed.replace(DIGIT, (digit) => String(digitOf(digit.charCodeAt(0)))))
}

/** `482·913` */
const DOT = /(?<=\d)[\u00b7\u2022\u2027\u2219](?=\d)/g
/** Those of the basic plane; NFKC makes ASCII of the others. */
const DIGIT = /(?=[\u0660-\uffff])\p{Nd}/gu

/** Ten digits of a script follow each other in Unicode. */
function digitOf(code: number): number {
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCharCode(code - value - 1))) value++
  return value
}

/** Codes whose characters stand in a box each become a line. */
function joinBoxes(lines: readonly Line[]): Line[] {
  const joined: Line[] = []
  for (let i = 0; i < lines.length; i++) {
    let end = i
    while (end < lines.length && /^(?:[A-Za-z0-9]|[-\u2010-\u2013])$/.test(lines[end].text)) end++
    const text = lines
      .slice(i, end)
      .map((box) => box.text)
      .join('')
    if (text.length >= 4 && /[A-Za-z0-9]$/.test(text)) {
      joined.push({ text, prominent: true })
      i = end - 1
    } else joined.push(lines[i])
  }
  return joined
}

function byPattern(lines: readonly Line[], pattern: RegExp): string {
  const all = new RegExp(pattern.source, `${stateless(pattern).flags}g`)
  const found = new Set<string>()
  for (const { text } of lines) for (const match of text.matchAll(all)) found.add(match[1] ?? match[0])
  const [first, ...more] = found
  if (first === undefined) throw new TestMailError('missing', `nothing matches ${pattern}`)
  if (more.length > 0) throw new TestMailError('ambiguous', `${pattern} matches ${[first, ...more].join(', ')}`)
  return first
}

/** Without the flags that make a pattern remember where it was. */
function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

function rank(lines: readonly PlacedLine[], options: CodeOptions, dropped: Map<string, string>): Candidate[] {
  const { digits } = options
  const near = options.near && stateless(options.near)
  const found = new Map<string, Candidate>()
  const aboutCodes = lines.some(({ text, place }) => place === 'subject' && namesCode(text))
  for (const [i, line] of lines.entries()) {
    const bound = BOUND.exec(line.text)
    if (bound) note(found, bound[1], 100, line.place)
    const above = lineAbove(lines, i)
    const known = { above, digits, near, aboutCodes }
    for (const { token, index } of tokensOf(line, above, digits)) {
      const reason = notACode(token, line, index, known)
      if (reason !== null) dropped.set(token, reason)
      else note(found, token.replaceAll(' ', ''), scoreOf(token, line, index, known), line.place)
    }
  }
  for (const candidate of found.values()) candidate.score += candidate.places.size - 1
  return [...found.values()].sort((a, b) => b.score - a.score)
}

/** Codes of a list at most. */
const LISTED = 50

/** The text above a line; that of a list of codes stands above each of them. */
function lineAbove(lines: readonly PlacedLine[], at: number): string {
  for (let i = at - 1; i >= Math.max(0, at - LISTED) && lines[i].place === lines[at].place; i--) {
    const text = lines[i].text.trim()
    const mayBeCode = /^[A-Z0-9]+(?:[- ][A-Z0-9]+)*$/.test(text) && !speaksOfCodes(text)
    if (text !== '' && !mayBeCode) return lines[i].text
  }
  return ''
}

function scoreOf(token: string, line: Line, index: number, { above, digits, near }: Surroundings): number {
  // Before a number that nothing calls a code, behind one that something does.
  if (!/\d/.test(token)) return 4
  const before = line.text.slice(Math.max(0, index - 30), index)
  const alone = line.prominent || line.text.trim() === token
  if (/[a-z]/.test(token) && !alone && !labelled(before)) return 4
  const says = (text: string): boolean => speaksOfCodes(text) || (near?.test(text) ?? false)
  const label = says(before) ? 8 : says(line.text) ? 6 : says(above) ? 5 : 0
  let score = label + (/^[\d ]+$/.test(token) ? 3 : 1)
  // A number of something else stands alone as well: without a word for it, one that has a label comes first.
  if (alone) score += isWord(token) ? 2 : label > 0 ? 10 : 6
  if (near?.test(line.text)) score += 4
  if (digits !== undefined) score += 4
  if (/^\d{6}$/.test(token)) score += 1
  return score
}

/** `iPhone14` */
function isWord(token: string): boolean {
  return /^[A-Za-z]*[a-z]\d+$/.test(token)
}

/** `482-913` and `482 913` are one code, as it stands where it is the likelier. */
function note(found: Map<string, Candidate>, code: string, score: number, place: string): void {
  const key = code.replaceAll('-', '')
  const known = found.get(key)
  if (!known) found.set(key, { code, score, places: new Set([place]) })
  else {
    if (score > known.score) Object.assign(known, { code, score })
    known.places.add(place)
  }
}
