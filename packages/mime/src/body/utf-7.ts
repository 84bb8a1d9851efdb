/**
 * UTF-7 (RFC 2152): ASCII, with runs of UTF-16 in base64 between `+` and the first character that is not base64; a `-`
 * in that place belongs to the run. iconv-lite has it too, but loses characters when the text comes in small pieces.
 */

import { REPLACEMENT } from './charset-guess.js'
import type { SourceDecoder } from './charset-platform.js'

const PLUS = 0x2b
const MINUS = 0x2d

/** Value of a base64 character, or -1. */
function base64Value(octet: number): number {
  if (octet >= 0x41 && octet <= 0x5a) return octet - 0x41
  if (octet >= 0x61 && octet <= 0x7a) return octet - 0x61 + 26
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30 + 52
  return octet === PLUS ? 62 : octet === 0x2f ? 63 : -1
}

/** A decoder for one UTF-7 text; octets above 127 and halves of surrogate pairs become U+FFFD. */
export function utf7Decoder(): SourceDecoder {
  let text = ''
  let inRun = false
  /** Characters since `+`. */
  let length = 0
  let bits = 0
  let count = 0
  /** A high surrogate whose other half has not come. */
  let high = 0

  const endPair = (): void => {
    if (high !== 0) text += REPLACEMENT
    high = 0
  }
  const addUnit = (unit: number): void => {
    const isHigh = unit >= 0xd800 && unit < 0xdc00
    const isLow = unit >= 0xdc00 && unit < 0xe000
    if (isLow && high !== 0) {
      text += String.fromCharCode(high, unit)
      high = 0
      return
    }
    endPair()
    if (isHigh) high = unit
    else text += isLow ? REPLACEMENT : String.fromCharCode(unit)
  }
  const addPlain = (octet: number): void => {
    if (octet === PLUS) {
      inRun = true
      length = bits = count = 0
    } else {
      text += octet < 0x80 ? String.fromCharCode(octet) : REPLACEMENT
    }
  }
  const receive = (octet: number): void => {
    if (!inRun) return addPlain(octet)
    const value = base64Value(octet)
    if (value === -1) {
      inRun = false
      endPair()
      if (octet !== MINUS) addPlain(octet)
      else if (length === 0) text += '+'
      return
    }
    length++
    bits = (bits << 6) | value
    count += 6
    if (count >= 16) {
      count -= 16
      addUnit((bits >> count) & 0xffff)
      bits &= (1 << count) - 1
    }
  }
  const take = (): string => {
    const taken = text
    text = ''
    return taken
  }
  return {
    write(bytes) {
      for (let i = 0; i < bytes.length; i++) receive(bytes[i]!)
      return take()
    },
    end() {
      endPair()
      return take()
    },
  }
}
