/**
 * The octets of a message on their way in.
 *
 * Only CRLF is a line end and only CRLF "." CRLF ends DATA (RFC 5321 §4.1.1.4, §2.3.8): a server that takes anything
 * else for an end reads text of a message as commands ("SMTP smuggling"). What a bare CR, a bare LF or a NUL means for
 * the message is decided by policy, when its true end has been seen and never in between.
 *
 * A reader holds no octets: at most it remembers that a dot, or a dot and a CR, stand at the front of a line.
 * It hands out views of what it is given; a view ends where a dot is taken away or a line end is put right.
 */

import { ControlScanner } from './control-scan.js'

/** What happens to a bare CR, a bare LF or a NUL in a message. */
export type ContentRule =
  /** The whole message is refused with 550 5.6.0 when its end has come. */
  | 'reject'
  /** A bare CR or LF becomes CRLF, a NUL is left out. */
  | 'normalize'
  /** It stays as it is. */
  | 'preserve'

/** The rules of a server. RFC 5321 §2.3.8 and RFC 5322 §2.3 allow none of the three. */
export interface ContentPolicy {
  readonly bareCr: ContentRule
  readonly bareLf: ContentRule
  readonly nul: ContentRule
}

/** What was seen that the rules name. */
export interface ContentDefects {
  readonly bareCr: boolean
  readonly bareLf: boolean
  readonly nul: boolean
}

const LF = 10
const CR = 13
const DOT = 46

const CR_OCTET = Uint8Array.of(CR)
const LF_OCTET = Uint8Array.of(LF)
const CRLF_OCTETS = Uint8Array.of(CR, LF)

/** Where a reader stands in a line. */
type Place =
  /** At the front of a line, where a dot would be stuffing or the end. */
  | 'front'
  | 'inside'
  /** Behind a CR. */
  | 'cr'
  /** Behind a dot at the front of a line. */
  | 'dot'
  /** Behind a dot and a CR at the front of a line. */
  | 'dot-cr'

/** Reads content piece by piece; see the theory of operation above. */
export class ContentReader {
  /** Where the reader has come to in the octets given to `read`. */
  at = 0
  bareCr = false
  bareLf = false
  nul = false
  /** NULs that are not in what was handed out. */
  leftOut = 0
  #place: Place
  readonly #scanner = new ControlScanner()
  readonly #stuffed: boolean
  readonly #policy: ContentPolicy
  /** What goes out before anything else: a line end that was put right, a CR that turned out to be text. */
  #insert: Uint8Array | null = null
  /** The CR of `dot-cr` came in an earlier chunk. */
  #heldCr = false

  /** `stuffed`: the octets of DATA, with dots and an end. Otherwise those of BDAT, which are counted. */
  constructor(stuffed: boolean, policy: ContentPolicy) {
    this.#stuffed = stuffed
    this.#policy = policy
    this.#place = stuffed ? 'front' : 'inside'
  }

  /** True when a rule says that this message is refused. */
  get refused(): boolean {
    const policy = this.#policy
    return (
      (this.bareCr && policy.bareCr === 'reject') ||
      (this.bareLf && policy.bareLf === 'reject') ||
      (this.nul && policy.nul === 'reject')
    )
  }

  /** BDAT: no more octets follow; a CR at the very end is bare. Returns what must still go out. */
  finish(): Uint8Array | null {
    if (this.#place !== 'cr') return null
    this.#place = 'inside'
    this.bareCr = true
    return this.#policy.bareCr === 'normalize' ? LF_OCTET : null
  }

  /**
   * Reads on from `this.at`. Returns the next piece of the message (never empty), `'end'` behind CRLF "." CRLF,
   * or `'more'` when all of `bytes` is read; then `at` is to be set to 0 for the next octets.
   */
  read(bytes: Uint8Array): Uint8Array | 'end' | 'more' {
    if (this.#insert) {
      const piece = this.#insert
      this.#insert = null
      return piece
    }
    const length = bytes.length
    const policy = this.#policy
    const stuffed = this.#stuffed
    let at = this.at
    let start = at
    while (at < length) {
      switch (this.#place) {
        case 'inside': {
          at = this.#scanner.next(bytes, at, stuffed)
          if (at === length) break
          const byte = bytes[at]
          if (byte === CR) {
            at++
            this.#place = 'cr'
          } else if (byte === LF) {
            this.bareLf = true
            if (policy.bareLf === 'normalize') return this.#cut(bytes, start, at, at + 1, CRLF_OCTETS)
            at++
          } else {
            this.nul = true
            if (policy.nul === 'normalize') {
              this.leftOut++
              if (at > start) return this.#cut(bytes, start, at, at + 1, null)
              start = ++at
            } else at++
          }
          break
        }
        case 'cr':
          if (bytes[at] === LF) {
            at++
            this.#place = stuffed ? 'front' : 'inside'
          } else {
            this.#place = 'inside'
            this.bareCr = true
            if (policy.bareCr === 'normalize') return this.#cut(bytes, start, at, at, LF_OCTET)
          }
          break
        case 'front':
          if (bytes[at] !== DOT) {
            this.#place = 'inside'
            break
          }
          this.#place = 'dot'
          if (at > start) return this.#cut(bytes, start, at, at + 1, null)
          start = ++at
          break
        case 'dot':
          // RFC 5321 §4.5.2: a dot at the front is taken away; alone on its line it is the end.
          start = at
          if (bytes[at] === CR) {
            at++
            this.#place = 'dot-cr'
          } else this.#place = 'inside'
          break
        case 'dot-cr':
          if (bytes[at] === LF) {
            this.at = at + 1
            return 'end'
          }
          // The CR behind the dot was text; if it came with an earlier chunk it must be said again.
          this.#place = 'cr'
          if (this.#heldCr) {
            this.#heldCr = false
            this.at = at
            return CR_OCTET
          }
          break
      }
    }
    this.at = length
    if (this.#place === 'dot-cr') {
      this.#heldCr = true
      return 'more'
    }
    return length > start ? bytes.subarray(start, length) : 'more'
  }

  /** Hands out `start` to `end` and goes on at `next`, with `insert` in between. */
  #cut(bytes: Uint8Array, start: number, end: number, next: number, insert: Uint8Array | null): Uint8Array {
    this.at = next
    if (end === start && insert) return insert
    this.#insert = insert
    return bytes.subarray(start, end)
  }
}
