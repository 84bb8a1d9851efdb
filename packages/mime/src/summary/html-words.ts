/** The words of an HTML text, as its first line would show them. */

import { Parser } from 'htmlparser2'
import { WordLine } from './preview.js'

/** What is in these is not shown. */
const HIDDEN = new Set([
  'style',
  'script',
  'title',
  'head',
  'template',
  'noscript',
  'textarea',
  'select',
  'svg',
  'object',
])
/** Words do not run over the edges of these. */
const INLINE = new Set(['a', 'abbr', 'b', 'bdi', 'bdo', 'code', 'em', 'font', 'i', 'mark', 'q', 's', 'small', 'span'])
for (const name of ['strong', 'sub', 'sup', 'u', 'tt', 'wbr', 'ins', 'del', 'kbd', 'samp', 'var', 'label'])
  INLINE.add(name)
/** Given to the parser at a time, so that it stops soon after the line is full. */
const STEP = 2048

/** At most `limit` characters. */
export function htmlWords(html: string, limit: number): string {
  const words = new WordLine(limit)
  let hidden = 0
  const parser = new Parser({
    onopentagname(name) {
      if (HIDDEN.has(name)) hidden++
      if (!INLINE.has(name)) words.break()
    },
    onclosetag(name) {
      if (HIDDEN.has(name) && hidden > 0) hidden--
      if (!INLINE.has(name)) words.break()
    },
    ontext(text) {
      if (hidden === 0) words.add(text)
    },
  })
  for (let at = 0; at < html.length && !words.full; at += STEP) parser.write(html.slice(at, at + STEP))
  if (!words.full) parser.end()
  return words.line.trimEnd()
}
