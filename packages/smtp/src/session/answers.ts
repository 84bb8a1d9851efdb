/** What handlers may answer. Whoever has no types may return anything, and none of it must end a connection. */
import { isEnhancedCode, type Reply } from '../syntax/reply.js'
import type { RewrittenMessage } from './rewrite.js'

/** True for a reply that can be said. */
export function isReply(value: unknown): value is Reply {
  if (!looksLikeReply(value)) return false
  const { enhanced, text } = value as Partial<Reply>
  if (enhanced !== null && (typeof enhanced !== 'string' || !isEnhancedCode(enhanced))) return false
  return typeof text === 'string' || (Array.isArray(text) && text.every((line) => typeof line === 'string'))
}

/** True for what is meant as a reply, whatever is missing in it. */
export function looksLikeReply(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { code } = value as { readonly code?: unknown }
  return Number.isInteger(code) && (code as number) >= 200 && (code as number) <= 599
}

export function isRewritten(value: unknown): value is RewrittenMessage {
  if (typeof value !== 'object' || value === null) return false
  const { size, octets, read } = value as { readonly [K in keyof RewrittenMessage]?: unknown }
  return typeof size === 'number' && typeof octets === 'function' && typeof read === 'function'
}

/** What the `message` stage may answer. */
export function isMessageAnswer(value: unknown): value is Reply | readonly Reply[] | RewrittenMessage {
  return isReply(value) || (Array.isArray(value) && value.every(isReply)) || isRewritten(value)
}

/** For the log: what was returned is told by its kind, as it may be anything, a secret too. */
export function noAnswer(stage: string, handler: string | undefined, value: unknown): Error {
  const who = handler === undefined ? 'a handler' : `the handler ${handler}`
  const what = `${who} returned ${kindOf(value)} at ${stage}, which is no answer`
  return new Error(`${what}: return nothing, or what \`reply\` makes`, value instanceof Error ? { cause: value } : {})
}

function kindOf(value: unknown): string {
  if (value instanceof Error) return 'an error'
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null)
    return typeof value === 'boolean' ? String(value) : `a ${typeof value}`
  const fields = Object.keys(value)
  return fields.length === 0 ? 'an object' : `an object with ${fields.slice(0, 5).join(', ')}`
}
