/** The header of a message on its way: read without the body, however long that is. */
import type { Source } from '@posthouse/store-api'
import { concat, indexOfOctets, utf8 } from '@posthouse/wire'

const END = Uint8Array.of(13, 10, 13, 10)
const LF = 10

/** The front of a source, up to the end of the header or `limit` octets, and the source with that front again. */
export async function peekHeader(
  source: Source,
  limit: number,
): Promise<{ readonly header: Uint8Array; readonly octets: Source }> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  const pieces: Uint8Array[] = []
  let length = 0
  let ended = false
  while (length < limit) {
    const { done, value } = await iterator.next()
    if (done) {
      ended = true
      break
    }
    // The source may use its buffer again.
    pieces.push(new Uint8Array(value))
    length += value.length
    if (endOfHeader(pieces.length === 1 ? value : concat(pieces)) !== -1) break
  }
  const front = concat(pieces)
  const end = endOfHeader(front)
  async function* again(): AsyncGenerator<Uint8Array> {
    try {
      if (front.length > 0) yield front
      if (ended) return
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      if (!ended) await iterator.return?.()
    }
  }
  return { header: end === -1 ? front : front.subarray(0, end), octets: ended ? [front] : again() }
}

function endOfHeader(octets: Uint8Array): number {
  if (octets[0] === 13 && octets[1] === LF) return 0
  const at = indexOfOctets(octets, END)
  return at === -1 ? -1 : at + 2
}

/** What a header says about the way of a message. */
export interface TraceCount {
  /** Received fields. */
  readonly hops: number
  /** Addresses of Delivered-To fields, in lower case. */
  readonly deliveredTo: ReadonlySet<string>
  /** `TLS-Required: No` (RFC 8689 §3). */
  readonly tlsOptional: boolean
}

const RECEIVED = 'received:'
const DELIVERED_TO = 'delivered-to:'
const TLS_REQUIRED = 'tls-required:'

/** Counts the trace fields of a header (RFC 5321 §6.3, RFC 9228 §4). */
export function readTrace(header: Uint8Array): TraceCount {
  let hops = 0
  let tlsOptional = false
  const deliveredTo = new Set<string>()
  for (let at = 0; at < header.length; ) {
    const line = header.indexOf(LF, at)
    const end = line === -1 ? header.length : line
    if (startsWith(header, at, RECEIVED)) hops++
    else if (startsWith(header, at, DELIVERED_TO)) {
      deliveredTo.add(
        utf8(header, at + DELIVERED_TO.length, end)
          .trim()
          .toLowerCase(),
      )
    } else if (startsWith(header, at, TLS_REQUIRED)) {
      const value = utf8(header, at + TLS_REQUIRED.length, end)
      tlsOptional ||= value.trim().toLowerCase() === 'no'
    }
    at = end + 1
  }
  return { hops, deliveredTo, tlsOptional }
}

function startsWith(octets: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = octets[at + i]
    if ((octet >= 65 && octet <= 90 ? octet | 32 : octet) !== name.charCodeAt(i)) return false
  }
  return true
}
