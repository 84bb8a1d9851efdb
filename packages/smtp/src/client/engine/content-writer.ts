/**
 * The octets of a message on their way out.
 *
 * Whatever a message holds, every line end that leaves is CRLF, and after a CR comes nothing but LF: a receiver that
 * takes something else for the end of DATA finds nothing to take ("SMTP smuggling"). What a message has of bare CR,
 * bare LF or NUL is put right or refused.
 *
 * Pieces are views of what is given: a dot at the front of a line is doubled by ending a piece behind it and beginning
 * the next piece with it.
 */
import { ControlScanner } from '../../engine/control-scan.js'

/** What happens to a bare CR, a bare LF or a NUL in a message that is sent. */
export type OutgoingContentRule =
  /** A bare CR or LF becomes CRLF, a NUL is left out. */
  | 'normalize'
  /** The message is not sent. */
  | 'reject'

/** DATA (RFC 5321 §4.5.2), BDAT, or BDAT with BODY=BINARYMIME, where all octets are allowed (RFC 3030 §3). */
export type OutgoingFraming = 'stuffed' | 'counted' | 'binary'

const LF = 10
const CR = 13
const DOT = 46

const CRLF = Uint8Array.of(CR, LF)
const END = Uint8Array.of(DOT, CR, LF)

/** Writes one message; see the theory of operation above. */
export class ContentWriter {
  /** What the message is refused for; nothing more of it comes out. */
  defect: 'bare CR' | 'bare LF' | 'NUL' | null = null
  /** At the front of a line. */
  #front = true
  /** A CR has come, and what follows decides about it. */
  #heldCr = false
  readonly #scanner = new ControlScanner()
  readonly #framing: OutgoingFraming
  readonly #rule: OutgoingContentRule

  constructor(framing: OutgoingFraming, rule: OutgoingContentRule) {
    this.#framing = framing
    this.#rule = rule
  }

  /** Appends the pieces that stand for `octets`. */
  write(octets: Uint8Array, pieces: Uint8Array[]): void {
    if (octets.length === 0 || this.defect) return
    if (this.#framing === 'binary') {
      pieces.push(octets)
      return
    }
    const stuffed = this.#framing === 'stuffed'
    const { length } = octets
    let at = 0
    if (this.#heldCr) {
      this.#heldCr = false
      if (octets[0] === LF) at = 1
      else if (this.#bare('bare CR')) return
      pieces.push(CRLF)
      this.#front = true
    }
    let start = at
    while (at < length) {
      const line = this.#front ? at : -1
      if (this.#front) {
        this.#front = false
        if (stuffed && octets[at] === DOT) {
          pieces.push(octets.subarray(start, at + 1))
          start = at
        }
      }
      at = this.#scanner.next(octets, at, stuffed)
      if (at === length) break
      const octet = octets[at]
      if (octet === CR && at + 1 === length) {
        this.#heldCr = true
        break
      }
      if (octet === CR && octets[at + 1] === LF) {
        at += 2
        this.#front = true
        continue
      }
      if (this.#bare(octet === CR ? 'bare CR' : octet === LF ? 'bare LF' : 'NUL')) return
      if (at > start) pieces.push(octets.subarray(start, at))
      start = ++at
      if (octet !== 0) pieces.push(CRLF)
      // Behind a NUL at the front of a line, the front is still there: a dot that follows is at it.
      this.#front = octet !== 0 || at - 1 === line || octets[at - 2] === LF
    }
    if (at > start) pieces.push(octets.subarray(start, at))
  }

  /** The message is complete: its last line gets an end, and DATA its dot. */
  end(pieces: Uint8Array[]): void {
    if (this.#heldCr && this.#bare('bare CR')) return
    if (this.#framing !== 'binary' && (this.#heldCr || !this.#front)) pieces.push(CRLF)
    if (this.#framing === 'stuffed') pieces.push(END)
  }

  #bare(defect: 'bare CR' | 'bare LF' | 'NUL'): boolean {
    if (this.#rule === 'normalize') return false
    this.defect = defect
    return true
  }
}
