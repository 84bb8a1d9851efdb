import { type Uid, type UidSet, uidSetOf } from '@posthouse/store-api'

/** UID ranges as pairs of little-endian 32-bit numbers: 8 octets a range. */
export function encodeRanges(uids: UidSet): Uint8Array {
  const ranges = uidSetOf(uids)
  const bytes = new Uint8Array(ranges.length * 8)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < ranges.length; i++) {
    view.setUint32(i * 8, ranges[i][0], true)
    view.setUint32(i * 8 + 4, ranges[i][1], true)
  }
  return bytes
}

/** Adds the ranges of an encoded set to a list. */
export function decodeRangesInto(bytes: Uint8Array, list: [number, number][]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.byteLength; at += 8) {
    list.push([view.getUint32(at, true), view.getUint32(at + 4, true)])
  }
}

/** What of a set lies behind a UID. */
export function behind(uids: UidSet, after: Uid): UidSet {
  const from = uids.findIndex(([, hi]) => hi > after)
  if (from < 0) return []
  const [lo, hi] = uids[from]
  return [[Math.max(lo, after + 1), hi], ...uids.slice(from + 1)]
}
