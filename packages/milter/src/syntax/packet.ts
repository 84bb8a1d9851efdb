/**
 * Packets, the frame of everything that a mail server and a milter say to each other: four octets with the length of
 * what follows (most significant octet first), one octet that says what it is, and its data.
 */
import { ByteWindow } from '@posthouse/wire'

/** One packet. */
export interface Packet {
  /** The octet that says what it is, as a character. */
  readonly code: string
  /** A view of the input; valid until the next chunk is received. */
  readonly data: Uint8Array
}

/** Octets before the data. */
const PREFIX = 5

/** A packet as it goes over the wire, in one or two pieces; data is not copied. */
export function encodePacket(code: string, data: Uint8Array): readonly Uint8Array[] {
  const length = data.length + 1
  const prefix = Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length, code.charCodeAt(0))
  return data.length === 0 ? [prefix] : [prefix, data]
}

/** Cuts octets into packets. */
export interface PacketReader {
  push(chunk: Uint8Array): void
  /** The next packet; `null`: more octets are needed; a text: what is wrong, and nothing can be read any more. */
  next(): Packet | string | null
  /** Octets of a packet that is not complete. */
  readonly pending: number
}

/** `limit`: octets of a packet's data at most. */
export function createPacketReader(limit: number): PacketReader {
  const window = new ByteWindow()
  return {
    push: (chunk) => window.push(chunk),
    next() {
      if (window.length < 4) return null
      const octet = (at: number): number => window.peek(at) as number
      const length = octet(0) * 0x1000000 + (octet(1) << 16) + (octet(2) << 8) + octet(3)
      if (length === 0) return 'a packet without a command'
      if (length - 1 > limit) return `a packet of ${length} octets; the limit is ${limit}`
      if (window.length < 4 + length) return null
      const code = String.fromCharCode(octet(4))
      window.skip(PREFIX)
      return { code, data: window.take(length - 1) }
    },
    get pending() {
      return window.length
    },
  }
}
