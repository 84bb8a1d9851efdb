import { htmlParser } from './html-parser.js'

/** A piece of text that a reader sees. */
export interface VisibleLine {
  readonly text: string
  /** In `<code>`, a heading or large type. */
  readonly prominent: boolean
}

/** Elements that end a line. */
export const BLOCKS: ReadonlySet<string> = new Set([
  ...['address', 'article', 'blockquote', 'br', 'code', 'dd', 'div', 'dl', 'dt', 'footer', 'form', 'h1', 'h2', 'h3'],
  ...['h4', 'h5', 'h6', 'header', 'hr', 'li', 'main', 'ol', 'p', 'pre', 'section', 'table', 'td', 'th', 'tr', 'ul'],
])
const UNSEEN = new Set(['head', 'script', 'style', 'template', 'title'])
const LARGE = new Set(['code', 'h1', 'h2'])
/** How the first line of a preview is hidden, and whatever else nobody shall see. */
const HIDING = /display:\s*none|visibility:\s*hidden|(?:font-size|max-height|opacity):\s*0(?:px|pt|em)?\s*(?:;|!|$)/i
/** Characters without a width: padding of previews, hints where a word may be cut. */
const INVISIBLE = /\u034f|[\u00ad\u200b-\u200f\u2060\ufeff]/g

/** A text as it is shown: nothing invisible, and blanks that are one. */
export function shownText(text: string): string {
  return text.replace(INVISIBLE, '').replace(/\s+/g, ' ').trim()
}

/** The visible text of HTML, a line for each block, white space as it is shown. */
export function visibleLines(html: string): VisibleLine[] {
  if (html === '') return []
  const lines: VisibleLine[] = []
  const open: { readonly hides: boolean; readonly large: boolean }[] = []
  let hidden = 0
  let large = 0
  let text = ''
  let prominent = false
  const flush = (): void => {
    const line = shownText(text)
    if (line !== '') lines.push({ text: line, prominent })
    text = ''
    prominent = false
  }
  const parser = htmlParser({
    onopentag(name, { style = '', hidden: attribute }) {
      if (BLOCKS.has(name)) flush()
      const entry = {
        hides: UNSEEN.has(name) || attribute !== undefined || HIDING.test(style),
        large: LARGE.has(name) || largeType(style),
      }
      open.push(entry)
      if (entry.hides) hidden++
      if (entry.large) large++
    },
    ontext(piece) {
      if (hidden > 0) return
      text += piece
      if (large > 0 && /\w/.test(piece)) prominent = true
    },
    onclosetag(name) {
      if (BLOCKS.has(name)) flush()
      const entry = open.pop()
      if (entry?.hides) hidden--
      if (entry?.large) large--
    },
  })
  parser.end(html)
  flush()
  return lines
}

type Least = Readonly<Record<string, number>>
const LARGE_TYPE: Least = { px: 22, pt: 16, em: 1.5, rem: 1.5 }
/** Whole templates are spaced by a fraction of that. */
const WIDE_SPACING: Least = { px: 1, pt: 1, em: 0.1, rem: 0.1 }

function largeType(style: string): boolean {
  const size = /font-size:\s*(\d+(?:\.\d+)?)(px|pt|em|rem)/i.exec(style)
  if (size) return reaches(LARGE_TYPE, size)
  const spacing = /letter-spacing:\s*(\d{0,6}\.?\d{1,6})(px|pt|em|rem)/i.exec(style)
  return spacing !== null && reaches(WIDE_SPACING, spacing)
}

function reaches(least: Least, [, value, unit]: RegExpExecArray): boolean {
  return Number(value) >= least[unit.toLowerCase()]
}
