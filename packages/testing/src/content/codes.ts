/**
 * One-time codes. Candidates are ranked by where they stand; two equals are an error that lists them, so that a phone
 * number or an order number is never returned quietly.
 */
import { TestMailError } from '../errors.js'
import { notACode } from './not-a-code.js'
import { type VisibleLine as Line, visibleLines } from './visible-text.js'

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

const NEAR = /\b(?:code|pin|otp|tan|verif|passcode|one-time|einmal|kennwort|token|security|best[äa]tigung|c[óo]digo)/i
/** Digits, or letters and digits with at least one digit; groups joined by a dash or a space. */
const TOKEN =
  /(?<![\w@#./:+-])(?:[A-Z]-)?(?:[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3}|\d{3} \d{3}|[A-Z0-9]{4,10})(?![\w@/:-]|\.\d)/g
/** One digit at a time: `4 8 2 9 1 3`. */
const SPACED = /(?<![\w.])\d(?: \d){3,9}(?![\w.])/g
/** Numbers in addresses are no codes. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+|[^\s<>"]+@[^\s<>"]+\.[a-z]+/gi
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
    ...seen.map((line) => ({ ...line, place: 'html' })),
    ...text.split(/\r?\n/).map((line) => ({ text: line, prominent: false, place: 'text' })),
    { text: subject, prominent: false, place: 'subject' },
  ]
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
  const single = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  const found = new Set<string>()
  for (const { text } of lines) {
    const match = single.exec(text)
    if (match) found.add(match[1] ?? match[0])
  }
  const [first, ...more] = found
  if (first === undefined) throw new TestMailError('missing', `nothing matches ${pattern}`)
  if (more.length > 0) throw new TestMailError('ambiguous', `${pattern} matches ${[first, ...more].join(', ')}`)
  return first
}

function rank(lines: readonly PlacedLine[], options: CodeOptions, dropped: Map<string, string>): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const [i, line] of lines.entries()) {
    const bound = BOUND.exec(line.text)
    if (bound) note(found, bound[1], 100, line.place)
    const above = i > 0 && lines[i - 1].place === line.place ? lines[i - 1].text : ''
    for (const { token, index } of tokensOf(line)) {
      const reason = notACode(token, line, index, options.digits)
      if (reason !== null) dropped.set(token, reason)
      else note(found, token.replaceAll(' ', ''), scoreOf(token, line, index, above, options), line.place)
    }
  }
  for (const candidate of found.values()) candidate.score += candidate.places.size - 1
  return [...found.values()].sort((a, b) => b.score - a.score)
}

function tokensOf({ text: line, prominent }: Line): { readonly token: string; readonly index: number }[] {
  const text = line.replace(ADDRESS, (address) => ' '.repeat(address.length))
  const tokens = [...text.matchAll(TOKEN), ...text.matchAll(SPACED)]
  const whole = text.trim()
  // Small letters only where nothing else stands: in a sentence `mp3s` is a word.
  if (tokens.length === 0 && (prominent || whole.length <= 12) && /^[A-Za-z0-9]{4,10}$/.test(whole)) {
    return [{ token: whole, index: text.indexOf(whole) }]
  }
  return tokens.map(({ 0: token, index }) => ({ token, index }))
}

function scoreOf(token: string, line: Line, index: number, above: string, { digits, near }: CodeOptions): number {
  const before = line.text.slice(Math.max(0, index - 30), index)
  const says = (text: string): boolean => NEAR.test(text) || (near?.test(text) ?? false)
  let score = /^[\d ]+$/.test(token) ? 3 : 1
  if (line.prominent || line.text.trim() === token) score += 10
  if (says(before)) score += 8
  else if (says(line.text)) score += 6
  else if (says(above)) score += 5
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
