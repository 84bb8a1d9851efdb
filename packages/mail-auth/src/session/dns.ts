/** DNS as the checks of a message ask for it: so many questions, within the time. */
import { MailAuthError } from '../errors.js'

/**
 * Asks DNS; `resolve` of `node:dns/promises` is one. Names that do not exist: an error with the code `ENOTFOUND`;
 * those that have no record of this type: `ENODATA`.
 */
// biome-ignore lint/suspicious/noExplicitAny: what comes back depends on the type of the record
export type Resolve = (name: string, type: string) => Promise<any>

/** A resolver for one check: at most `limit` queries, none once the time is `over`. */
export function asking(resolve: Resolve, limit: number, over: AbortSignal): Resolve {
  let left = limit
  return async (name, type) => {
    if (over.aborted) throw new MailAuthError('timeout', 'no DNS query when the time is over')
    if (left-- <= 0) {
      const text = `more than ${limit} DNS queries`
      // RFC 7208 §4.6.4: a record that asks for too much is wrong for good.
      throw Object.assign(new MailAuthError('dns-limit', text), { spfResult: { error: 'permerror', text } })
    }
    return resolve(name, type).catch((error: unknown) => {
      throw forLibrary(error)
    })
  }
}

/** The same resolver, with each TXT record, in one piece, as `change` has it: the library takes some for what they are not. */
export function withRecords(ask: Resolve, change: (record: string, name: string) => string): Resolve {
  return async (name, type) => {
    const answers = await ask(name, type)
    if (type !== 'TXT') return answers
    return (answers as readonly (readonly string[])[]).map((strings) => [change(strings.join(''), name)])
  }
}

/** No such name, or no such record. `EBADNAME`: it cannot be the name of anything. */
function isNotFound(code: unknown): boolean {
  return code === 'ENOTFOUND' || code === 'ENODATA' || code === 'NXDOMAIN' || code === 'EBADNAME'
}

/** Nothing is there, and never will be by waiting. Of what a resolver of `asking` rejects with. */
export function isRecordMissing(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ENOTFOUND'
}

/** There is not even the name. Of what `isRecordMissing`. */
export function isNameMissing(error: unknown): boolean {
  return (error as { readonly cause: { readonly code: unknown } }).cause.code !== 'ENODATA'
}

/** DNS may answer another time. Of what a resolver of `asking` rejects with. */
export function isTemporary(error: unknown): boolean {
  return (error as { readonly spfResult?: { readonly error: string } }).spfResult?.error === 'temperror'
}

/** The library's SPF goes on behind an `include` or a `redirect` that fails, unless the error says what it is. */
function forLibrary(error: unknown): Error {
  const { code, message = String(error) } = (error ?? {}) as { readonly code?: unknown; readonly message?: string }
  if (isNotFound(code)) return Object.assign(new Error(message, { cause: error }), { code: 'ENOTFOUND' })
  const spfResult = { error: 'temperror', text: message }
  return Object.assign(new Error(message, { cause: error }), { code, spfResult })
}
