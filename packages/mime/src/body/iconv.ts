/** iconv-lite behind the {@link CharsetSource} interface: the charsets that `TextDecoder` lacks. */

import iconv from 'iconv-lite'
import { lowerCase } from '../ascii.js'
import type { CharsetSource } from './charset.js'
import { cutSafely } from './charset-platform.js'
import { utf32Decoder } from './utf-32.js'

/** Names of which iconv-lite knows another one, squeezed. */
const ALIASES: Record<string, string> = {
  maccenteuro: 'macce maclatin2 maccentraleurope maccentraleurroman',
  maciceland: 'macicelandic',
  macromania: 'macromanian',
  hproman8: 'roman8 r8 cp1051',
  pt154: 'ptcp154 cyrillicasian cp154',
  rk1048: 'kz1048 strk10482002',
  cp1125: 'ruscii cp866u',
  viscii: 'viscii11 viscii111',
  tcvn: 'tcvn5712 tcvn57121',
}
const ICONV_NAMES = new Map<string, string>()
for (const [name, aliases] of Object.entries(ALIASES)) {
  for (const alias of aliases.split(' ')) ICONV_NAMES.set(alias, name)
}

/** iconv-lite gives Node's transfer encodings as charsets too; a message must not choose those. */
const NOT_CHARSETS = new Set(['base64', 'hex', 'binary', 'utf8', 'cesu8', 'ucs2', 'utf16le', 'ascii', '_internal'])

function squeeze(name: string): string {
  let key = ''
  for (const character of lowerCase(name)) {
    if ((character >= 'a' && character <= 'z') || (character >= '0' && character <= '9')) key += character
  }
  return key
}

function withoutPrefix(key: string): string {
  return key.startsWith('x') ? key.slice(1) : key.startsWith('cs') ? key.slice(2) : key
}

/** iconv-lite's name; it knows some with the "cs" of IANA's MIB aliases, none with the "x-" of private names. */
function iconvName(name: string): string | undefined {
  const key = squeeze(name)
  for (const known of [key, withoutPrefix(key)]) {
    const alias = ICONV_NAMES.get(known) ?? known
    if (!NOT_CHARSETS.has(alias) && iconv.encodingExists(alias)) return alias
  }
  return undefined
}

/** Decoders of iconv-lite: code pages of DOS and IBM, Macintosh charsets, CJK with extensions; and UTF-32. */
export const iconvCharsets: CharsetSource = (name) => {
  if (name === 'utf-32' || name === 'utf-32le' || name === 'utf-32be') return utf32Decoder(name)
  const known = iconvName(name)
  if (known === undefined) return undefined
  const decoder = iconv.getDecoder(known)
  return cutSafely({
    // iconv-lite reads Buffers by their own methods.
    write: (bytes) => decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    end: () => decoder.end() ?? '',
  })
}
