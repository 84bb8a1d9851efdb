/** What crosses HTTP: matches, messages and faults as JSON. */
import type { TestEnvelope, TestMessage, TestMessageOrigin } from '../content/message.js'
import { TestMailError } from '../errors.js'
import type { Script } from '../faults/script.js'
import { CLAUSES, checkMatch, type Match, type MessageShape, noClause, type Text } from '../match.js'
import { decodeAction, isStep } from './action.js'

/** A text that is wanted. */
export type JsonText = string | { readonly pattern: string; readonly flags: string }
/** A shape. */
export type JsonMatch = Readonly<Record<string, JsonText | Readonly<Record<string, JsonText>>>>

/** A match as JSON; `null` when there is a function in it, which cannot travel. @throws TestMailError `options`. */
export function encodeMatch(match: Match | undefined): JsonMatch | null {
  checkMatch(match)
  if (match === undefined) return {}
  if (typeof match === 'function') return null
  const encoded: Record<string, JsonText | Record<string, JsonText>> = {}
  for (const [name, wanted] of Object.entries(match)) {
    if (wanted === undefined) continue
    const json = name === 'header' ? encodeHeader(wanted as Record<string, Text>) : encodeText(wanted as Text)
    if (json === null) return null
    encoded[name] = json
  }
  return encoded
}

function encodeText(text: Text): JsonText | null {
  if (typeof text === 'function') return null
  return typeof text === 'string' ? text : { pattern: text.source, flags: text.flags }
}

function encodeHeader(header: Readonly<Record<string, Text>>): Record<string, JsonText> | null {
  const encoded: Record<string, JsonText> = {}
  for (const [name, text] of Object.entries(header)) {
    const json = encodeText(text)
    if (json === null) return null
    encoded[name] = json
  }
  return encoded
}

/** @throws TestMailError `options` for what is no match. */
export function decodeMatch(json: unknown): MessageShape {
  if (json === undefined || json === null) return {}
  if (typeof json !== 'object' || Array.isArray(json)) throw new TestMailError('options', '`match` is an object')
  const shape = new Map<string, Text | Record<string, Text>>()
  for (const [name, value] of Object.entries(json)) {
    if (!CLAUSES.has(name)) throw noClause(name)
    shape.set(name, name === 'header' ? decodeHeader(value) : decodeText(value, name))
  }
  return Object.fromEntries(shape) as MessageShape
}

function decodeText(value: unknown, name: string): Text {
  if (typeof value === 'string') return value
  const { pattern, flags } = (value ?? {}) as { pattern?: unknown; flags?: unknown }
  if (typeof pattern !== 'string' || typeof flags !== 'string') {
    throw new TestMailError('options', `${name} is a text, or { pattern, flags }`)
  }
  return patternOf(pattern, flags)
}

function patternOf(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(pattern, flags)
  } catch (cause) {
    throw new TestMailError('options', `/${pattern}/${flags} is no pattern`, { cause })
  }
}

function decodeHeader(value: unknown): Record<string, Text> {
  if (typeof value !== 'object' || value === null) throw new TestMailError('options', '`header` is an object')
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, decodeText(text, name)]))
}

/**
 * A match in a query: `?to=ada@mail.test&subject=/reset/i&header=X-Kind: welcome`.
 * @param others What else may stand there.
 * @throws TestMailError `options` for anything else.
 */
export function matchInQuery(query: URLSearchParams, others: ReadonlySet<string>): MessageShape {
  for (const name of query.keys()) if (!CLAUSES.has(name) && !others.has(name)) throw noClause(name)
  const shape = new Map<string, Text | Record<string, Text>>()
  for (const name of CLAUSES) {
    const value = query.get(name)
    if (value !== null && name !== 'header') shape.set(name, textInQuery(value))
  }
  const header = query.getAll('header').map((field): [string, Text] => {
    const colon = field.indexOf(':')
    if (colon < 1) throw new TestMailError('options', 'header=Name: value')
    return [field.slice(0, colon).trim(), textInQuery(field.slice(colon + 1).trim())]
  })
  if (header.length > 0) shape.set('header', Object.fromEntries(header))
  return Object.fromEntries(shape) as MessageShape
}

/** `/text/flags` is a pattern. */
function textInQuery(value: string): Text {
  const end = value.lastIndexOf('/')
  if (!value.startsWith('/') || end < 2 || !/^[dgimsuvy]*$/.test(value.slice(end + 1))) return value
  return patternOf(value.slice(1, end), value.slice(end + 1))
}

/** A message as it travels to `connectTestMail`, which reads the octets itself. */
export interface JsonMessage {
  readonly id: string
  readonly sequence: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly envelope: TestEnvelope
  readonly origin: TestMessageOrigin | null
  /** Base64. */
  readonly raw: string
}

export function encodeMessage(message: TestMessage): JsonMessage {
  const { id, sequence, receivedAt, envelope, origin, raw } = message
  const base64 = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('base64')
  return { id, sequence, receivedAt: receivedAt.getTime(), envelope, origin, raw: base64 }
}

/** @throws TestMailError `options`: functions cannot travel. */
export function encodeScript(script: Script): unknown {
  if (script.when || script.action.type === 'run') {
    throw new TestMailError('options', `${script.name}: a function cannot travel to the server of connectTestMail`)
  }
  const { times, argument } = script
  return {
    ...script,
    times: Number.isFinite(times) ? times : null,
    argument: argument === null ? null : encodeText(argument),
    when: null,
  }
}

/** @throws TestMailError `options` for what is no fault. */
export function decodeScript(json: unknown): Script {
  const { protocol, step, action, times, chance, seed, argument, name } = (json ?? {}) as Record<string, unknown>
  if (!(protocol === 'smtp' || protocol === 'imap' || protocol === 'pop3') || typeof step !== 'string') {
    throw new TestMailError('options', 'this is no scripted fault of @posthouse/testing')
  }
  if (!isStep(protocol, step)) throw new TestMailError('options', `${protocol} has no step ${step}`)
  const decoded = decodeAction(action)
  return {
    protocol,
    step,
    action: decoded,
    times: numberOr(times, Number.POSITIVE_INFINITY, 'times is a number, 1 or more', isCount),
    chance: numberOr(chance, 1, 'chance is a number, 0 to 1', (value) => value >= 0 && value <= 1),
    seed: numberOr(seed, 1, 'seed is a number', (value) => !Number.isNaN(value)),
    argument: decodeArgument(argument),
    when: null,
    name: typeof name === 'string' ? name : `${protocol}.${step}.${decoded.type}`,
  }
}

const isCount = (value: number): boolean => Number.isInteger(value) && value > 0

function numberOr(value: unknown, fallback: number, wanted: string, may: (value: number) => boolean): number {
  if (value === undefined || value === null) return fallback
  if (typeof value === 'number' && may(value)) return value
  throw new TestMailError('options', wanted)
}

function decodeArgument(json: unknown): Script['argument'] {
  if (json === undefined || json === null) return null
  const text = decodeText(json, 'argument')
  return typeof text === 'function' ? null : text
}
