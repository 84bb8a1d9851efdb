/** UTF-32 (Unicode §3.10): four octets for each character. No platform's `TextDecoder` has it. */

import { REPLACEMENT } from './charset-guess.js'
import type { SourceDecoder } from './charset-platform.js'

const BYTE_ORDER_MARK = 0xfeff

/** A decoder for one text. `name` is `utf-32le`, `utf-32be`, or `utf-32` for the order that the first octets show. */
export function utf32Decoder(name: string): SourceDecoder {
  let order: 'le' | 'be' | undefined = name === 'utf-32le' ? 'le' : name === 'utf-32be' ? 'be' : undefined
  let first = true
  let count = 0
  const unit = new Uint8Array(4)

  const take = (): string => {
    // The highest octet of any character is 0; a byte order mark shows it too.
    order ??= unit[0] === 0 ? 'be' : 'le'
    const [one = 0, two = 0, three = 0, four = 0] = order === 'be' ? unit : unit.slice().reverse()
    const code = ((one << 24) | (two << 16) | (three << 8) | four) >>> 0
    count = 0
    const isMark = first && code === BYTE_ORDER_MARK
    first = false
    if (isMark) return ''
    return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? REPLACEMENT : String.fromCodePoint(code)
  }
  return {
    write(bytes) {
      let text = ''
      for (let at = 0; at < bytes.length; at++) {
        unit[count++] = bytes[at]!
        if (count === 4) text += take()
      }
      return text
    },
    end() {
      return count === 0 ? '' : REPLACEMENT
    },
  }
}
