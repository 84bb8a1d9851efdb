/** A message on its way to a milter: header field by header field, then the body in pieces that every milter takes. */
import { concat } from '@posthouse/wire'
import { BODY_CHUNK } from '../syntax/index.js'

/** Where the pieces go. A promise holds back what comes behind. */
export interface ContentReceiver {
  /** The header with the empty line behind it, if there is one: how many of its octets are the body's already. */
  header(octets: Uint8Array): Promise<{ readonly bodyAt: number }>
  /** A piece of the body; `octets` may be kept. */
  body(octets: Uint8Array): Promise<void>
  /** The header is longer than the limit. */
  headerTooLong(): void
}

export interface ContentFeed {
  /** A piece of the message; not kept beyond the returned promise. */
  write(octets: Uint8Array): void | Promise<void>
  /** The message is complete. */
  finish(): Promise<void>
}

/** `limit`: octets of the header. */
export function createContentFeed(receiver: ContentReceiver, limit: number): ContentFeed {
  let header: Uint8Array = new Uint8Array(4_096)
  let length = 0
  let state: 'header' | 'body' | 'over' = 'header'
  /** A piece of the body that is not full. */
  let pieces: Uint8Array[] = []
  let kept = 0

  function collect(octets: Uint8Array): void | Promise<void> {
    if (length + octets.length > header.length) {
      const grown = new Uint8Array((length + octets.length) * 2)
      grown.set(header.subarray(0, length))
      header = grown
    }
    const searched = length
    header.set(octets, length)
    length += octets.length
    const end = headerEnd(header.subarray(0, length), Math.max(0, searched - 3))
    if ((end === -1 ? length : end) > limit) {
      state = 'over'
      return receiver.headerTooLong()
    }
    if (end !== -1) return giveHeader(end)
  }

  async function giveHeader(end: number): Promise<void> {
    state = 'body'
    const all = header.subarray(0, length)
    const { bodyAt } = await receiver.header(all.subarray(0, end))
    const rest = all.subarray(bodyAt)
    if (rest.length > 0) await giveBody(rest)
  }

  async function giveBody(octets: Uint8Array): Promise<void> {
    for (let at = 0; at < octets.length; ) {
      const piece = new Uint8Array(octets.subarray(at, at + BODY_CHUNK - kept))
      at += piece.length
      kept += piece.length
      pieces.push(piece)
      if (kept === BODY_CHUNK) await flush()
    }
  }

  async function flush(): Promise<void> {
    const piece = concat(pieces)
    pieces = []
    kept = 0
    await receiver.body(piece)
  }

  return {
    write(octets) {
      if (state === 'over') return
      if (state === 'header') return collect(octets)
      if (kept + octets.length < BODY_CHUNK) {
        pieces.push(new Uint8Array(octets))
        kept += octets.length
        return
      }
      return giveBody(octets)
    },
    async finish() {
      if (state === 'header') await giveHeader(length)
      if (state === 'body' && kept > 0) await flush()
      state = 'over'
    },
  }
}

/** Where the body begins, behind the empty line; -1 when that has not come. */
function headerEnd(octets: Uint8Array, from: number): number {
  if (from === 0 && octets[0] === 13 && octets[1] === 10) return 2
  if (from === 0 && octets[0] === 10) return 1
  for (let at = octets.indexOf(10, from); at !== -1; at = octets.indexOf(10, at + 1)) {
    if (octets[at + 1] === 10) return at + 2
    if (octets[at + 1] === 13 && octets[at + 2] === 10) return at + 3
  }
  return -1
}
