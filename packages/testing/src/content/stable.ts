import type { TestAddress, TestMessage } from './message.js'

/** A message without what differs from run to run: for `toMatchSnapshot()`. */
export interface StableMessage {
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  readonly subject: string
  readonly from: readonly TestAddress[]
  readonly to: readonly TestAddress[]
  readonly cc: readonly TestAddress[]
  readonly replyTo: readonly TestAddress[]
  /** All header fields, in order, as `Name: value`. */
  readonly headers: readonly string[]
  readonly text: string
  readonly html: string
  readonly attachments: readonly { readonly filename: string; readonly contentType: string; readonly octets: number }[]
}

/** What else differs from run to run. */
export interface StableOptions {
  /** Pairs of what is replaced and what stands there then: `[[/token=\w+/g, 'token=...']]`. */
  readonly replace?: readonly (readonly [RegExp | string, string])[]
}

/** Fields whose value is a signature or a trace, by name in lower case. */
const VOLATILE = new Map([
  ['date', '(date)'],
  ['message-id', '<message-id>'],
  ['dkim-signature', '(signature)'],
  ['arc-seal', '(signature)'],
  ['arc-message-signature', '(signature)'],
  ['received', '(trace)'],
])
/** Addresses that `inbox()` makes up. */
const INBOX = /\bt-[0-9a-f]{8,}@/g

/**
 * What a snapshot of a message may hold: dates, Message-IDs, signatures, boundaries, Content-IDs and the addresses of
 * `inbox()` are the same in every run.
 */
export function stable(message: TestMessage, { replace = [] }: StableOptions = {}): StableMessage {
  const names = new Map<string, string>()
  const cids = new Map<string, string>()
  for (const { contentId } of message.attachments) if (contentId) cids.set(contentId, `cid-${cids.size + 1}`)

  function constant(text: string): string {
    let out = text.replace(INBOX, (name) => {
      if (!names.has(name)) names.set(name, `inbox-${names.size + 1}@`)
      return names.get(name) as string
    })
    for (const [cid, name] of cids) out = out.replaceAll(cid, name)
    for (const [what, by] of replace) out = typeof what === 'string' ? out.replaceAll(what, by) : out.replace(what, by)
    return out
  }

  const addresses = (list: readonly TestAddress[]): TestAddress[] =>
    list.map(({ name, address }) => ({ name: constant(name), address: constant(address) }))
  return {
    envelope: { from: constant(message.envelope.from), to: message.envelope.to.map(constant) },
    subject: constant(message.subject),
    from: addresses(message.from),
    to: addresses(message.to),
    cc: addresses(message.cc),
    replyTo: addresses(message.replyTo),
    headers: message.headers.list.map(({ name, value }) => {
      const told = VOLATILE.get(name.toLowerCase()) ?? constant(value)
      return `${name}: ${told.replace(/\bboundary=(?:"[^"]*"|[^;\s]+)/i, 'boundary="(boundary)"')}`
    }),
    text: constant(message.text),
    html: constant(message.html),
    attachments: message.attachments.map(({ filename, contentType, bytes }) => ({
      filename: constant(filename),
      contentType,
      octets: bytes.length,
    })),
  }
}
