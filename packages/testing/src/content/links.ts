import { Parser } from 'htmlparser2'
import { TestMailError } from '../errors.js'
import { matches, type Text } from '../match.js'

/** A link of a message. */
export interface Link {
  /** As a browser would follow it: entities resolved, nothing else changed. */
  readonly href: string
  readonly url: URL
  /** What the reader sees; for a bare address in text, the address. */
  readonly text: string
  readonly source: 'html' | 'text'
}

/** All links, those of the HTML first, each address once. */
export function findLinks(html: string, text: string): Link[] {
  const found = new Map<string, Link>()
  for (const link of [...htmlLinks(html), ...textLinks(text)]) if (!found.has(link.href)) found.set(link.href, link)
  return [...found.values()]
}

/** `a`, `area`, `button` with `formaction`, and where forms are sent. Never fetched. */
function htmlLinks(html: string): Link[] {
  const links: Link[] = []
  const open: { href: string; text: string }[] = []
  const close = (): void => {
    const last = open.pop()
    if (last) add(links, last.href, last.text.replace(/\s+/g, ' ').trim(), 'html')
  }
  const parser = new Parser({
    onopentag(name, attributes) {
      const href = name === 'form' ? attributes.action : name === 'button' ? attributes.formaction : attributes.href
      if (name === 'a' && href !== undefined) open.push({ href, text: '' })
      else if (['area', 'form', 'button'].includes(name) && href) add(links, href, attributes.alt ?? '', 'html')
      else if (name === 'img' && attributes.alt) for (const one of open) one.text += attributes.alt
    },
    ontext(text) {
      for (const one of open) one.text += text
    },
    onclosetag: (name) => void (name === 'a' && close()),
  })
  parser.end(html)
  while (open.length > 0) close()
  return links
}

const SCHEME = /\bhttps?:\/\//gi
const CLOSING = new Map([
  [')', '('],
  [']', '['],
  ['>', '<'],
])

/** Addresses in plain text: `<https://...>` may go over several lines, others end at white space. */
function textLinks(text: string): Link[] {
  const links: Link[] = []
  for (const { index } of text.matchAll(SCHEME)) {
    const bracketed = text[index - 1] === '<' ? text.indexOf('>', index) : -1
    if (bracketed !== -1 && bracketed - index < 4096) {
      const href = text.slice(index, bracketed).replace(/\s+/g, '')
      add(links, href, href, 'text')
      continue
    }
    let end = index
    while (end < text.length && !/[\s<>"]/.test(text[end])) end++
    const href = withoutPunctuation(text.slice(index, end))
    add(links, href, href, 'text')
  }
  return links
}

/** A sentence's punctuation does not belong to the address that ends it, nor does a bracket that was opened before. */
function withoutPunctuation(href: string): string {
  for (;;) {
    const last = href.at(-1) ?? ''
    const opening = CLOSING.get(last)
    const unbalanced = opening !== undefined && href.split(last).length > href.split(opening).length
    if (!unbalanced && !'.,;:!?\'"'.includes(last)) return href
    if (last === '') return href
    href = href.slice(0, -1)
  }
}

function add(links: Link[], href: string, text: string, source: Link['source']): void {
  const trimmed = href.trim()
  if (!URL.canParse(trimmed)) return
  links.push({ href: trimmed, url: new URL(trimmed), text, source })
}

/**
 * The one link whose text or address fits.
 * @throws TestMailError `missing`, `ambiguous`.
 */
export function oneLink(links: readonly Link[], which: Text | undefined): URL {
  const web = links.filter(({ url }) => url.protocol === 'https:' || url.protocol === 'http:')
  const fitting =
    which === undefined
      ? web
      : links.filter(({ text, href }) => matches(which, text, 'contains') || matches(which, href, 'contains'))
  if (fitting.length === 1) return fitting[0].url
  const list = links.map(({ text, href }) => `\n  ${JSON.stringify(text)} ${href}`).join('') || ' none'
  if (fitting.length === 0) throw new TestMailError('missing', `no such link; the message has:${list}`)
  throw new TestMailError('ambiguous', `${fitting.length} links fit; say which of:${list}`)
}
