/** Bounds on what one message may cost. What lies beyond a bound stays in the ranges; it is only not looked into. */
export interface MimeLimits {
  /**
   * Entities inside each other, the message itself being 1. Deeper multiparts and messages are opaque leaves. At most
   * 1000: what is written out level by level needs a stack. Default: 100.
   */
  readonly depth: number
  /** Entities in all, the message included. When it is reached, the last part takes the rest of the input. Default: 10,000. */
  readonly parts: number
  /** Octets of one header block that are read. The block itself may be longer. Default: 1 MiB. */
  readonly headerSize: number
  /** Header fields of one block that are read. Default: 10,000. */
  readonly headerFields: number
  /** Parameters of one field, continuations (RFC 2231 §3) counted one by one. Default: 128. */
  readonly parameters: number
  /** Addresses of one field. Default: 10,000. */
  readonly addresses: number
  /** Defects that are kept; later ones are dropped. Default: 200. */
  readonly defects: number
}

/** Well above all mail that people send; the numbers of the widely used servers. */
export const DEFAULT_LIMITS: MimeLimits = /* @__PURE__ */ Object.freeze({
  depth: 100,
  parts: 10_000,
  headerSize: 1_048_576,
  headerFields: 10_000,
  parameters: 128,
  addresses: 10_000,
  defects: 200,
})

const MAX_DEPTH = 1000

/** The defaults, changed where `limits` says so. */
export function withDefaultLimits(limits?: Partial<MimeLimits>): MimeLimits {
  if (!limits || limits === DEFAULT_LIMITS) return DEFAULT_LIMITS
  const merged = { ...DEFAULT_LIMITS, ...limits }
  return merged.depth > MAX_DEPTH ? { ...merged, depth: MAX_DEPTH } : merged
}
