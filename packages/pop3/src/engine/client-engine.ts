import {
  ByteWindow,
  type Engine,
  fromUtf8,
  NEED_DATA,
  type NeedData,
  type Paused,
  ProtocolUsageError,
} from '@posthouse/wire'
import { createDotUnstuffer, type DotUnstuffer } from '../syntax/dot-unstuffing.js'
import { type Pop3Status, parseStatus } from '../syntax/status.js'

/** What a server said. */
export type Pop3ClientEvent =
  /** The greeting, or the answer to the oldest command that has none. With `lines`, octets and `end` follow. */
  | ({ readonly type: 'status'; readonly lines: boolean } & Pop3Status)
  /** Octets of a multi-line response, without added dots. Views. */
  | { readonly type: 'octets'; readonly pieces: readonly Uint8Array[] }
  /** The multi-line response is whole. */
  | { readonly type: 'end' }
  /** The server wants a response in an authentication; base64, a view. */
  | { readonly type: 'challenge'; readonly data: Uint8Array }
  /** Not POP3, or more than was asked for. Nothing sound can follow: hang up. */
  | { readonly type: 'violation'; readonly message: string }

/** What a client says. */
export type Pop3ClientRequest =
  /** `expects`: what follows `+OK`. AUTH may be answered by challenges. */
  | { readonly type: 'command'; readonly line: string; readonly expects: 'status' | 'lines' | 'challenges' }
  /** A response to a challenge, base64 already, or `*` to give the authentication up. */
  | { readonly type: 'response'; readonly line: string }

/** The client's side of one POP3 connection without its socket. Any number of commands may wait for their answers. */
export interface Pop3ClientEngine extends Engine<Pop3ClientEvent, Pop3ClientRequest> {
  /** Answers that have not come yet, the greeting among them. */
  readonly pending: number
  /** Octets that were received and belong to no event yet. Behind the reply to STLS there must be none. */
  readonly unread: number
}

type Expects = 'status' | 'lines' | 'challenges'

/** Octets of a status line or a challenge: RFC 2449 §4 has 512, servers say more. */
const MAX_LINE = 16_384
const CR = 13
const LF = 10
const PLUS = 43
const SPACE = 32

/** `upgraded`: behind STLS there is no greeting. */
export function createPop3ClientEngine(upgraded = false): Pop3ClientEngine {
  const window = new ByteWindow()
  const expected: Expects[] = upgraded ? [] : ['status']
  let body: DotUnstuffer | null = null
  /** A response is whole, and its end has not been told. */
  let ended = false
  let broken = false
  let early = false
  let output: Uint8Array[] = []

  function violation(message: string): Pop3ClientEvent {
    broken = true
    window.clear()
    return { type: 'violation', message }
  }

  function next(): Pop3ClientEvent | NeedData | Paused {
    if (broken) return NEED_DATA
    if (early) return violation('the server answered what nobody asked')
    if (ended) {
      ended = false
      return { type: 'end' }
    }
    if (window.length === 0) return NEED_DATA
    if (body) return readBody(body)
    const length = window.lineLength(MAX_LINE)
    if (length === -1) return window.length < MAX_LINE ? NEED_DATA : violation('the server sent a line without an end')
    if (expected.length === 0) return violation('the server answered what nobody asked')
    return readStatus(window.take(length))
  }

  function readStatus(whole: Uint8Array): Pop3ClientEvent {
    const end = whole.length > 1 && whole[whole.length - 2] === CR ? whole.length - 2 : whole.length - 1
    const line = whole.subarray(0, end)
    if (expected[0] === 'challenges' && line[0] === PLUS && (line.length === 1 || line[1] === SPACE)) {
      return { type: 'challenge', data: line.subarray(2) }
    }
    const status = parseStatus(line)
    if (!status) return violation('the server sent neither +OK nor -ERR')
    const lines = expected.shift() === 'lines' && status.ok
    if (lines) body = createDotUnstuffer()
    return { type: 'status', lines, ...status }
  }

  function readBody(reader: DotUnstuffer): Pop3ClientEvent | NeedData {
    const view = window.view()
    const { pieces, end } = reader.read(view)
    window.skip(end === -1 ? view.length : end)
    if (end !== -1) {
      body = null
      if (pieces.length === 0) return { type: 'end' }
      ended = true
    }
    return pieces.length > 0 ? { type: 'octets', pieces } : NEED_DATA
  }

  return {
    receive: (chunk) => window.push(chunk),
    receiveEnd() {},
    next,
    send({ line, ...request }) {
      // One choke point: an argument never ends the line and begins another command.
      for (let i = 0; i < line.length; i++) {
        const code = line.charCodeAt(i)
        if (code === CR || code === LF || code === 0) {
          throw new ProtocolUsageError('a command must not hold CR, LF or NUL')
        }
      }
      // Octets that were there before the question are no answer to it.
      if (expected.length === 0 && !body && !ended && window.length > 0) early = true
      if (request.type === 'command') expected.push(request.expects)
      else if (expected[0] !== 'challenges') throw new ProtocolUsageError('there is no challenge to answer')
      output.push(fromUtf8(`${line}\r\n`))
    },
    get pending() {
      return expected.length + (body || ended ? 1 : 0)
    },
    get unread() {
      return window.length
    },
    takeOutput() {
      const pieces = output
      output = []
      return pieces
    },
  }
}
