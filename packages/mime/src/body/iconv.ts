/** iconv-lite behind the {@link CharsetSource} interface: the charsets that `TextDecoder` lacks. */

import iconv from 'iconv-lite'
import { lowerCase } from '../ascii.js'
import type { CharsetSource } from './charset.js'
import { cutSafely } from './charset-platform.js'

/** Names by which iconv-lite knows charsets that have another one here. */
const ICONV_NAMES = new Map<string, string>([
  ['x-mac-ce', 'maccenteuro'],
  ['x-mac-greek', 'macgreek'],
  ['x-mac-turkish', 'macturkish'],
  ['x-mac-croatian', 'maccroatian'],
  ['x-mac-icelandic', 'maciceland'],
  ['x-mac-romanian', 'macromania'],
  ['x-mac-thai', 'macthai'],
  ['x-mac-ukrainian', 'macukraine'],
  ['hp-roman8', 'hproman8'],
  ['armscii-8', 'armscii8'],
  ['ptcp154', 'pt154'],
  ['kz-1048', 'rk1048'],
])

/** iconv-lite gives Node's transfer encodings as charsets too; a message must not choose those. */
const NOT_CHARSETS = new Set(['base64', 'hex', 'binary', 'utf8', 'cesu8', 'ucs2', 'utf16le', 'ascii', '_internal'])

function squeeze(name: string): string {
  let key = ''
  for (const character of lowerCase(name)) {
    if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) key += character
  }
  return key
}

/** Decoders of iconv-lite: code pages of DOS and IBM, Macintosh charsets, and CJK with extensions. */
export const iconvCharsets: CharsetSource = (name) => {
  const known = ICONV_NAMES.get(name) ?? name
  if (NOT_CHARSETS.has(squeeze(known)) || !iconv.encodingExists(known)) return undefined
  const decoder = iconv.getDecoder(known)
  return cutSafely({
    // iconv-lite reads Buffers by their own methods.
    write: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    end: () => decoder.end() ?? '',
  })
}
