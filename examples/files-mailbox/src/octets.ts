export async function lengthOf(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const piece of pieces) length += piece.length
  return length
}

/** The octets from `start` up to `end` of what comes in pieces. */
export async function* slice(
  pieces: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0
  for await (const piece of pieces) {
    if (at + piece.length > start && at < end) yield piece.subarray(Math.max(0, start - at), end - at)
    at += piece.length
    if (at >= end) return
  }
}
