import { TestMailError } from '../errors.js'
import { checkText, matches, type Text } from '../match.js'
import { htmlParser } from './html-parser.js'
import { BLOCKS, shownText } from './visible-text.js'

/** A link of a message. */
export interface Link {
  /** As a browser would follow it: entities resolved, nothing else changed. */
  readonly href: string
  readonly url: URL
  /** What the reader sees; for a bare address in text, the address. */
  readonly text: string
  /** The texts of all links to this address: a button, and the same once more below it. */
  readonly texts: readonly string[]
  readonly source: 'html' | 'text'
}

interface FoundLink {
  readonly href: string
  readonly url: URL
  readonly text: string
}

/** All links, those of the HTML first, each address once. Nothing is fetched. */
export function findLinks(html: string, text: string): Link[] {
  const found = new Map<string, { readonly link: FoundLink; readonly texts: string[]; source: Link['source'] }>()
  const take = (source: Link['source']) => (link: FoundLink) => {
    // `https://App.example` and `https://app.example/` are one.
    const known = found.get(link.url.href)
    if (!known) found.set(link.url.href, { link, texts: link.text === '' ? [] : [link.text], source })
    else if (link.text !== '' && !known.texts.includes(link.text)) known.texts.push(link.text)
  }
  if (html !== '') htmlLinks(html).forEach(take('html'))
  textLinks(text).forEach(take('text'))
  return [...found.values()].map(({ link, texts, source }) => ({ ...link, text: texts[0] ?? '', texts, source }))
}

function htmlLinks(html: string): FoundLink[] {
  const { links, base } = anchorsOf(html)
  return links.flatMap(({ href, text }) => linkTo(href, text, base) ?? [])
}

interface Anchor {
  readonly href: string
  readonly text: string
}

/** `a`, `area`, `button` with `formaction`, and where forms are sent; as they are written. */
function anchorsOf(html: string): { readonly links: readonly Anchor[]; readonly base: string | undefined } {
  const links: Anchor[] = []
  const open: { readonly href: string; text: string; readonly title: string }[] = []
  let base: string | undefined
  const add = (href: string, text: string): void => void links.push({ href, text: shownText(text) })
  const close = (): void => {
    const last = open.pop()
    if (last) add(last.href, shownText(last.text) === '' ? last.title : last.text)
  }
  const parser = htmlParser({
    onopentag(name, attributes) {
      const href = name === 'form' ? attributes.action : name === 'button' ? attributes.formaction : attributes.href
      if (BLOCKS.has(name)) for (const one of open) one.text += ' '
      const title = attributes['aria-label'] ?? attributes.title ?? ''
      if (name === 'a' && href !== undefined) open.push({ href, text: '', title })
      else if (name === 'base' && href) base ??= href
      else if (['area', 'form', 'button'].includes(name) && href) add(href, attributes.alt ?? '')
      else if (name === 'img' && attributes.alt) for (const one of open) one.text += attributes.alt
    },
    ontext(text) {
      for (const one of open) one.text += text
    },
    onclosetag: (name) => void (name === 'a' && close()),
  })
  parser.end(html)
  while (open.length > 0) close()
  return { links, base }
}

/** Apps have schemes of their own. */
const SCHEME = /(?<![a-z0-9])[a-z][a-z0-9+.-]{1,30}:\/\//gi
/** `here.https://`, where a blank is missing. */
const WEB = /(?<![a-z0-9])https?:\/\/$/i
const CLOSING = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
  ['>', '<'],
])
/** Characters between `<` and `>` at most. */
const LONGEST = 4096

/** Addresses in plain text: `<https://...>` may go over several lines, others end at white space. */
function textLinks(text: string): FoundLink[] {
  const links: FoundLink[] = []
  let end = 0
  for (const match of text.matchAll(SCHEME)) {
    const index = match.index + (WEB.exec(match[0])?.index ?? 0)
    // An address may hold another one as a parameter.
    if (index < end) continue
    const length = text[index - 1] === '<' ? text.slice(index, index + LONGEST).indexOf('>') : -1
    const inBrackets = length !== -1
    end = inBrackets ? index + length : endOfAddress(text, index)
    const href = inBrackets
      ? text.slice(index, end).replace(/\s+/g, '')
      : withoutPunctuation(text.slice(index, end), text[index - 1] ?? '')
    const link = linkTo(href, href, undefined)
    if (link) links.push(link)
  }
  return links
}

/** No address has these: quotation marks, brackets and the ends of sentences of all languages, marks of direction. */
const BEHIND_ADDRESS = new RegExp(
  [
    '[\\s<>"`|\\u00ab\\u00bb\\u060c\\u061b\\u061f\\u06d4\\u0964\\u0965\\u200b\\u200e\\u200f\\u2018-\\u201e\\u2026\\u202a-\\u202e',
    '\\u2039\\u203a\\u2066-\\u2069\\u3000-\\u3002\\u3008-\\u3011\\uff01\\uff08\\uff09\\uff0c\\uff1a\\uff1b\\uff1f\\uff61]',
  ].join(''),
)
/** Parameters are ASCII: words of a language without blanks follow them. */
const ASCII = /[\x21-\x7e]/

function endOfAddress(text: string, from: number): number {
  let inQuery = false
  let end = from
  for (; end < text.length && !BEHIND_ADDRESS.test(text[end]); end++) {
    inQuery ||= text[end] === '?'
    if (inQuery && !ASCII.test(text[end])) break
    // Markdown: `[https://...](https://...)`.
    if (text[end] === ']' && text[end + 1] === '(') break
  }
  return end
}

/**
 * A sentence's punctuation does not belong to the address that ends it, nor does a bracket that was opened before, nor
 * does `_` where one stands before it; else it may be the last character of a token.
 */
function withoutPunctuation(href: string, before: string): string {
  const counts = new Map<string, number>()
  const countOf = (bracket: string): number => {
    const count = counts.get(bracket) ?? href.split(bracket).length
    counts.set(bracket, count)
    return count
  }
  for (let end = href.length; ; end--) {
    const last = href[end - 1] ?? ''
    const opening = CLOSING.get(last)
    const unbalanced = opening !== undefined && countOf(last) > countOf(opening)
    if (last === '' || (!unbalanced && !`.,;:!?'"*${before === '_' ? '_' : ''}`.includes(last)))
      return href.slice(0, end)
    if (unbalanced) counts.set(last, countOf(last) - 1)
  }
}

function linkTo(href: string, text: string, base: string | undefined): FoundLink | null {
  const clean = href.trim().replace(/[\t\r\n]/g, '')
  // An address of its own is what a browser follows; one with a base is what it makes of both.
  if (URL.canParse(clean)) return { href: clean, url: new URL(clean), text }
  if (base === undefined || clean === '' || !URL.canParse(clean, base)) return null
  const url = new URL(clean, base)
  return { href: url.href, url, text }
}

/**
 * The one link whose text or address fits; of several that hold the words, the one that has no others.
 * @throws TestMailError `missing`, `ambiguous`.
 */
export function oneLink(links: readonly Link[], which: Text | undefined, html: string): URL {
  if (which !== undefined) checkText('link(): what is wanted', which)
  const web = links.filter(({ url }) => url.protocol === 'https:' || url.protocol === 'http:')
  const fits =
    (how: 'contains' | 'equals') =>
    ({ texts, href }: Link): boolean =>
      which === undefined || [href, ...texts].some((text) => matches(which, text, how))
  const fitting = (which === undefined ? web : links).filter(fits('contains'))
  const exact = fitting.filter(fits('equals'))
  const [found, ...more] = exact.length === 1 ? exact : fitting
  if (found && more.length === 0) return found.url
  if (found) throw new TestMailError('ambiguous', `${fitting.length} links fit; say which of:${listed(fitting)}`)
  throw new TestMailError('missing', `no such link; the message has:${listed(links, unusable(html)) || ' none'}`)
}

function listed(links: readonly Anchor[], broken: readonly Anchor[] = []): string {
  const line = ({ text, href }: Anchor): string => `\n  ${JSON.stringify(text)} ${href}`
  return [...links.map(line), ...broken.map((one) => `${line(one)} (no address of its own)`)].join('')
}

/** What a reader cannot follow: relative addresses, and what a template has left. */
function unusable(html: string): readonly Anchor[] {
  if (html === '') return []
  const { links, base } = anchorsOf(html)
  return links.filter(({ href, text }) => linkTo(href, text, base) === null)
}
