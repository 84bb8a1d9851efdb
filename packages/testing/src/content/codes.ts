/**
 * One-time codes. Candidates are ranked by where they stand; two equals are an error that lists them, so that a phone
 * number or an order number is never returned quietly.
 */
import { TestMailError } from '../errors.js'
import { tokensOf } from './code-tokens.js'
import { speaksOfCodes } from './code-words.js'
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
  readonly code: string
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
  const lines = linesOf(content)
  if (options.pattern) return byPattern(lines, options.pattern)
  const dropped = new Map<string, string>()
  const ranked = rank(lines, options, dropped)
  if (ranked.length === 0) {
    const list = [...dropped].map(([token, reason]) => `${token} (${reason})`).slice(0, 8)
    const left = list.length > 0 ? `; left out: ${list.join(', ')}` : ''
    throw new TestMailError('missing', `the message holds nothing that looks like a code${left}`)
  }
  const [best, second] = ranked
  if (second && second.score === best.score) {
    const list = ranked.slice(0, 5).map(({ code }) => code)
    throw new TestMailError('ambiguous', `several codes are as likely: ${list.join(', ')}; say digits, near or pattern`)
  }
  return best.code
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

/** Full-width and Arabic digits, hyphens of all kinds and blanks of all widths are what a reader types for them. */
function plain(line: string): string {
  const typed = line.normalize('NFKC').replace(/[\u2010-\u2013\u2212]/g, '-')
  return shownText(typed.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) % 16)))
}

/** Codes whose characters stand in a box each become a line. */
function joinBoxes(lines: readonly Line[]): Line[] {
  const joined: Line[] = []
  for (let i = 0; i < lines.length; i++) {
    let end = i
    while (end < lines.length && /^[A-Z0-9]$/.test(lines[end].text)) end++
    if (end - i >= 4) {
      const boxes = lines.slice(i, end)
      joined.push({ text: boxes.map(({ text }) => text).join(''), prominent: true })
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
  for (const [i, line] of lines.entries()) {
    const bound = BOUND.exec(line.text)
    if (bound) note(found, bound[1], 100, line.place)
    const above = lineAbove(lines, i)
    const known = { above, digits, near }
    for (const { token, index } of tokensOf(line, digits)) {
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
    if (text !== '' && !/^[A-Z0-9]+(?:[- ][A-Z0-9]+)*$/.test(text)) return lines[i].text
  }
  return ''
}

function scoreOf(token: string, line: Line, index: number, { above, digits, near }: Surroundings): number {
  // Before a number that nothing calls a code, behind one that something does.
  if (!/\d/.test(token)) return 4
  const before = line.text.slice(Math.max(0, index - 30), index)
  const says = (text: string): boolean => speaksOfCodes(text) || (near?.test(text) ?? false)
  const label = says(before) ? 8 : says(line.text) ? 6 : says(above) ? 5 : 0
  let score = label + (/^[\d ]+$/.test(token) ? 3 : 1)
  // A number of something else stands alone as well: without a word for it, one that has a label comes first.
  if (line.prominent || line.text.trim() === token) score += label > 0 ? 10 : 6
  if (near?.test(line.text)) score += 4
  if (digits !== undefined) score += 4
  if (/^\d{6}$/.test(token)) score += 1
  return score
}

function note(found: Map<string, Candidate>, code: string, score: number, place: string): void {
  const known = found.get(code)
  if (!known) found.set(code, { code, score, places: new Set([place]) })
  else {
    known.score = Math.max(known.score, score)
    known.places.add(place)
  }
}
