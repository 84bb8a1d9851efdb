/**
 * One-time codes. Candidates are ranked by where they stand; two equals are an error that lists them, so that a phone
 * number or an order number is never returned quietly.
 */
import { TestMailError } from '../errors.js'
import { type VisibleLine as Line, visibleLines } from './visible-text.js'

export interface CodeOptions {
  /** How many characters the code has, separators left out. */
  readonly digits?: number
  /** What a code looks like: the first group, or the whole match, is the code. Ranking is left out then. */
  readonly pattern?: RegExp
  /** Words near the code, beside `code`, `pin`, `otp`, `verification`, `passcode`, `token`, `password`. */
  readonly near?: RegExp
}

interface Candidate {
  readonly code: string
  score: number
}

const NEAR = /\b(code|pin|otp|verif|passcode|one-time|einmal|kennwort|token|security)/i
/** Digits, or letters and digits with at least one digit; groups joined by a dash or a space. */
const TOKEN =
  /(?<![\w@#./:+-])(?:[A-Z]-)?(?:[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3}|\d{3} \d{3}|[A-Z0-9]{4,10})(?![\w@/:-]|\.\d)/g
const DATE = /^(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?$/

/** @throws TestMailError `missing`, `ambiguous`. */
export function findCode(
  content: { readonly html: string; readonly text: string; readonly subject: string },
  options: CodeOptions = {},
): string {
  const lines = [...(content.html === '' ? [] : visibleLines(content.html)), ...textLines(content.text)]
  lines.push({ text: content.subject, prominent: false })
  if (options.pattern) return byPattern(lines, options.pattern)
  const ranked = rank(lines, options)
  if (ranked.length === 0) throw new TestMailError('missing', 'the message holds nothing that looks like a code')
  const [best, second] = ranked
  if (second && second.score === best.score) {
    const list = ranked.slice(0, 5).map(({ code }) => code)
    throw new TestMailError('ambiguous', `several codes are as likely: ${list.join(', ')}; say digits, near or pattern`)
  }
  return best.code
}

function byPattern(lines: readonly Line[], pattern: RegExp): string {
  const single = new RegExp(pattern.source, pattern.flags.replace('g', ''))
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

function rank(lines: readonly Line[], { digits, near }: CodeOptions): Candidate[] {
  const found = new Map<string, Candidate>()
  for (const [i, line] of lines.entries()) {
    // WebOTP: `@example.com #123456` is written for machines.
    const bound = /^@[^\s#]+ #([A-Za-z0-9-]{4,12})\b/.exec(line.text)
    if (bound) note(found, bound[1], 100)
    const above = i > 0 ? lines[i - 1].text : ''
    for (const { 0: token, index } of line.text.matchAll(TOKEN)) {
      if (!plausible(token, line.text, index, digits)) continue
      let score = /^\d+$/.test(token) ? 3 : 1
      if (line.prominent || line.text.trim() === token) score += 10
      const before = line.text.slice(Math.max(0, index - 30), index)
      if (NEAR.test(before) || near?.test(before)) score += 8
      else if (NEAR.test(line.text) || near?.test(line.text)) score += 6
      else if (NEAR.test(above) || near?.test(above)) score += 5
      if (near?.test(line.text)) score += 4
      if (digits !== undefined) score += 4
      if (/^\d{6}$/.test(token)) score += 1
      note(found, token, score)
    }
  }
  return [...found.values()].sort((a, b) => b.score - a.score)
}

function note(found: Map<string, Candidate>, code: string, score: number): void {
  const plain = code.replace(' ', '')
  const known = found.get(plain)
  if (known) known.score = Math.max(known.score, score)
  else found.set(plain, { code: plain, score })
}

/** No dates, years, prices, telephone numbers, colours, and nothing without a digit. */
function plausible(token: string, line: string, index: number, digits: number | undefined): boolean {
  const bare = token.replace(/[- ]/g, '')
  if (!/\d/.test(bare) || (digits !== undefined && bare.length !== digits)) return false
  if (DATE.test(token)) return false
  const before = line.slice(0, index).trimEnd()
  const behind = line.slice(index + token.length)
  if (/[$€£¥#]$/.test(before) || /^\s?(?:[$€£¥%]|(?:EUR|USD|px|Uhr|am|pm)\b)/i.test(behind)) return false
  // Another group of digits beside it: a telephone or card number.
  if (/[\d)][\s.-]$/.test(line.slice(0, index)) || /^[\s.-]\(?\d/.test(behind)) return false
  return bare.length <= 12
}

function textLines(text: string): Line[] {
  return text.split(/\r?\n/).map((line) => ({ text: line, prominent: false }))
}
