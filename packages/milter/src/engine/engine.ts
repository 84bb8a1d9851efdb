/**
 * One connection to a milter without its socket: commands in, packets out; packets in, events out. It never waits and
 * reads no clock.
 */
import { NEED_DATA, type NeedData, ProtocolUsageError } from '@posthouse/wire'
import { encodeCommand, encodeMacros, type MilterCommand } from '../syntax/commands.js'
import { type MilterOptions, type MilterStep, OFFERED_STEPS, readOptions } from '../syntax/options.js'
import { createPacketReader } from '../syntax/packet.js'
import {
  actionOf,
  type MilterModification,
  type MilterReply,
  type MilterVerdict,
  readReply,
} from '../syntax/replies.js'
import { endsMessage, type MilterState, stateAfter } from './states.js'

/** The version of the protocol that is spoken. */
const VERSION = 6

/** What a milter said. */
export type MilterEvent =
  | { readonly type: 'negotiated'; readonly options: MilterOptions }
  /** The answer to the last command; the next one may be said. */
  | { readonly type: 'verdict'; readonly verdict: MilterVerdict }
  /** To be made when the verdict on the message is `continue` or `accept`. */
  | { readonly type: 'modification'; readonly modification: MilterModification }
  /** A change that was not agreed on: it is not to be made. */
  | { readonly type: 'refused'; readonly modification: MilterModification }
  | { readonly type: 'progress' }
  /** It cannot work, or broke the protocol: the connection is of no more use. */
  | { readonly type: 'failed'; readonly code: 'lost' | 'protocol'; readonly message: string }

/** See the theory on top of the file. */
export interface MilterEngine {
  readonly state: MilterState
  /** What was agreed on; `null` before. */
  readonly options: MilterOptions | null
  /**
   * Says a command, with its macros before it. False when no answer will come: the milter does not want to see that
   * step, or does not answer it.
   * @throws ProtocolUsageError when another one waits for its answer, or the state does not allow it.
   */
  send(command: Exclude<MilterCommand, { type: 'negotiate' }>, macros?: readonly (readonly [string, string])[]): boolean
  receive(chunk: Uint8Array): void
  /** The milter has closed the connection. */
  receiveEnd(): void
  next(): MilterEvent | NeedData
  /** What to write now. */
  takeOutput(): readonly Uint8Array[]
}

/** What an engine offers the milter (SMFIC_OPTNEG). */
export interface MilterEngineOptions {
  /** The changes that the milter may ask for, as bits (`actionBits`). */
  readonly actions: number
  /** Octets of a packet's data at most. */
  readonly packetLimit: number
}

const STEPS: ReadonlySet<string> = new Set<MilterStep>([
  'connect',
  'helo',
  'mail',
  'rcpt',
  'data',
  'header',
  'end-of-header',
  'body',
])

/** Makes an engine; it begins by negotiating: take its output. */
export function createMilterEngine({ actions, packetLimit }: MilterEngineOptions): MilterEngine {
  const reader = createPacketReader(packetLimit)
  let state: MilterState = 'new'
  let options: MilterOptions | null = null
  /** The command that has no answer yet. */
  let waiting: MilterCommand['type'] | null = 'negotiate'
  let ended = false
  /** Octets were there before anything was asked. */
  let early = false
  let out: Uint8Array[] = [...encodeCommand({ type: 'negotiate', version: VERSION, actions, steps: OFFERED_STEPS })]

  function failed(code: 'lost' | 'protocol', message: string): MilterEvent {
    state = 'over'
    waiting = null
    return { type: 'failed', code, message }
  }

  function negotiated(reply: MilterReply): MilterEvent {
    if (reply.type !== 'options') return failed('protocol', 'it does not negotiate')
    const read = readOptions(reply, { actions, version: VERSION })
    if (typeof read === 'string') return failed('protocol', read)
    options = read
    waiting = null
    state = 'resting'
    return { type: 'negotiated', options }
  }

  function judged(command: MilterCommand['type'], verdict: MilterVerdict): MilterEvent {
    if (verdict.type === 'skip' && (command !== 'body' || !options?.maySkip)) {
      return failed('protocol', `"skip" is no answer to ${command}`)
    }
    if (verdict.type === 'discard' && (command === 'connect' || command === 'helo')) {
      return failed('protocol', `"discard" is no answer to ${command}`)
    }
    if (endsMessage(state, command, verdict)) state = 'session'
    waiting = null
    return { type: 'verdict', verdict }
  }

  function answered(command: MilterCommand['type'], reply: MilterReply): MilterEvent {
    switch (reply.type) {
      case 'verdict':
        return judged(command, reply.verdict)
      case 'progress':
        return { type: 'progress' }
      case 'connection-failed':
        return failed('lost', 'it cannot work for this connection')
      case 'modification': {
        if (command !== 'end-of-message') return failed('protocol', 'a change before the end of the message')
        const { modification } = reply
        return { type: options?.actions.has(actionOf(modification)) ? 'modification' : 'refused', modification }
      }
      case 'options':
        return failed('protocol', 'it negotiates a second time')
      case 'malformed':
        return failed('protocol', reply.message)
    }
  }

  return {
    get state() {
      return state
    },
    get options() {
      return options
    },
    send(command, macros = []) {
      const { type } = command
      const next = stateAfter(state, type)
      if (waiting !== null) throw new ProtocolUsageError(`${type}: the milter has not answered ${waiting}`)
      if (next === undefined) throw new ProtocolUsageError(`${type} is not allowed in state ${state}`)
      state = next
      early ||= reader.pending > 0
      const isStep = STEPS.has(type)
      if (isStep && options?.skipped.has(type as MilterStep)) return false
      if (macros.length > 0) out.push(...encodeMacros(type, macros))
      out.push(...encodeCommand(command))
      if (type !== 'end-of-message' && (!isStep || options?.silent.has(type as MilterStep))) return false
      waiting = type
      return true
    },
    receive: (chunk) => reader.push(chunk),
    receiveEnd() {
      ended = true
    },
    next() {
      if (state === 'over') return NEED_DATA
      const packet = reader.next()
      if (packet === null) return ended ? failed('lost', 'it closed the connection') : NEED_DATA
      if (typeof packet === 'string') return failed('protocol', packet)
      if (waiting === null || early) return failed('protocol', 'an answer that nobody has asked for')
      const reply = readReply(packet)
      if (waiting !== 'negotiate') return answered(waiting, reply)
      return reply.type === 'malformed' ? failed('protocol', reply.message) : negotiated(reply)
    },
    takeOutput() {
      const output = out
      out = []
      return output
    },
  }
}
