import type { Handler, Parser } from 'htmlparser2'

let loaded: typeof Parser | null = null

/** Loads what parses HTML: for the first message that has some, because it takes as long as all else that reads messages. */
export async function loadHtmlParser(): Promise<void> {
  loaded ??= (await import('./html-library.js')).Parser
}

/** Octets up to which a message is looked at: a longer one may have HTML. */
const LOOKED_AT = 262_144

/** Loads it when the message may have HTML: without the word there is none. */
export async function loadHtmlParserFor(raw: Uint8Array): Promise<void> {
  if (loaded) return
  const octets = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (raw.byteLength > LOOKED_AT || octets.toString('latin1').toLowerCase().includes('html')) await loadHtmlParser()
}

/** A parser that tells `handler` what it finds. @throws Error when it was not loaded. */
export function htmlParser(handler: Partial<Handler>): Parser {
  if (!loaded) throw new Error('the HTML parser was not loaded before this message was read')
  return new loaded(handler)
}
