/**
 * The server's side of a connection's output, with what can go wrong with it: cut, muted, replaced, slow. Sits between
 * an engine and whoever writes to the socket.
 */
import type { Link } from '@posthouse/wire'
import { pause } from '../clock.js'

/** What goes out, and when. */
export interface Outlet {
  /** What is written now of what the engine says. */
  pass(said: readonly Uint8Array[]): readonly Uint8Array[]
  /** Says octets of its own behind what was said so far, whatever happens to the engine's. */
  say(octets: Uint8Array): void
  /** What the engine says is thrown away while this is true. */
  swallows: boolean
  /** Nothing is heard of the server any more, and the connection stays open. */
  mute(): void
  readonly muted: boolean
  /** Ends the connection behind so many more octets. */
  cutBehind(octets: number): void
  /** Ends it in the middle of the next literal (RFC 9051 §4.3). */
  cutInLiteral(): void
  throttle(octetsPerSecond: number): void
  /** Octets per second; 0: no limit. */
  readonly rate: number
  /** Resolves when everything said so far is written; `undefined` when it is. */
  drained(): Promise<void> | undefined
}

/** ms between two pieces of a slow answer. */
const BEAT = 20

const NOTHING: readonly Uint8Array[] = []

/** What an outlet tells. */
export interface OutletEvents {
  /** The last octet before a cut is on its way. */
  ended(): void
  /** These octets go out, soon or slowly. */
  wrote?(octets: Uint8Array): void
}

export function createOutlet(link: Link, { ended, wrote }: OutletEvents): Outlet {
  let own: Uint8Array[] = []
  const backlog: Uint8Array[] = []
  let due: Uint8Array[] = []
  let dripping: Promise<void> | null = null
  let rate = 0
  /** Octets before the cut. */
  let left = Number.POSITIVE_INFINITY
  let literal = false
  let muted = false
  let swallows = false

  function cut(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
    const out: Uint8Array[] = []
    for (const piece of pieces) {
      if (literal) watchLiteral(piece)
      if (left === 0) break
      const part = piece.length > left ? piece.subarray(0, left) : piece
      left -= part.length
      out.push(part)
    }
    if (left === 0) {
      muted = true
      ended()
    }
    return out
  }

  /** `{310}` CRLF at the end of a line: the cut comes behind 155 octets. */
  function watchLiteral(piece: Uint8Array): void {
    for (let end = piece.indexOf(RIGHT_BRACE); end !== -1; end = piece.indexOf(RIGHT_BRACE, end + 1)) {
      if (piece[end + 1] !== CR || piece[end + 2] !== LF) continue
      let size = 0
      let digit = 1
      let at = end - 1
      for (; at >= 0 && piece[at] >= ZERO && piece[at] <= ZERO + 9; at--) {
        size += (piece[at] - ZERO) * digit
        digit *= 10
      }
      if (piece[at] !== LEFT_BRACE || size < 2) continue
      literal = false
      left = end + 3 + Math.floor(size / 2)
      return
    }
  }

  /** Lets the backlog out, a little at each beat. */
  async function drip(): Promise<void> {
    let credit = 0
    while (backlog.length > 0 && !link.signal.aborted) {
      credit += (rate * BEAT) / 1000
      while (credit >= 1 && backlog.length > 0) {
        const [first] = backlog
        const part = first.subarray(0, Math.floor(credit))
        credit -= part.length
        due.push(part)
        if (part.length === first.length) backlog.shift()
        else backlog[0] = first.subarray(part.length)
      }
      if (due.length > 0) await link.flush()
      if (backlog.length > 0) await pause(BEAT, link.signal)
    }
    dripping = null
  }

  return {
    pass(said) {
      if (own.length === 0 && said.length === 0 && due.length === 0) return NOTHING
      const wanted = swallows || muted ? own : own.length === 0 ? said : [...said, ...own]
      own = []
      const out = muted ? NOTHING : left === Number.POSITIVE_INFINITY && !literal ? wanted : cut(wanted)
      if (wrote) for (const piece of out) wrote(piece)
      if (rate === 0) return out
      backlog.push(...out)
      if (backlog.length > 0) dripping ??= Promise.resolve().then(drip)
      const now = due
      due = []
      return now
    },
    say(octets) {
      own.push(octets)
    },
    get swallows() {
      return swallows
    },
    set swallows(value) {
      swallows = value
    },
    mute() {
      muted = true
    },
    get muted() {
      return muted
    },
    cutBehind(octets) {
      left = octets
    },
    cutInLiteral() {
      literal = true
    },
    throttle(octetsPerSecond) {
      rate = octetsPerSecond
    },
    get rate() {
      return rate
    },
    drained: () => dripping ?? undefined,
  }
}

const CR = 13
const LF = 10
const ZERO = 48
const LEFT_BRACE = 123
const RIGHT_BRACE = 125
