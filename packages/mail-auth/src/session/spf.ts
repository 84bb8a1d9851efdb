/**
 * SPF records for the library. In what is included it takes the domain of the sender for that of the record, it looks
 * for the first `@` of a sender, and it knows no dot at the end of a domain. So it gets records in which nothing is left
 * to be mistaken.
 */
import { domainOf } from '../syntax/domains.js'
import { expandMacros } from '../syntax/spf-macros.js'
import { isTemporary, type Resolve, withRecords } from './dns.js'

/** RFC 8616 §5: SPF knows the ASCII form of a domain. */
export function asciiSender(sender: string): string {
  return sender === '' ? '' : `${sender.slice(0, sender.lastIndexOf('@') + 1)}${domainOf(sender)}`
}

/** DNS as the library asks for SPF of this sender; an empty one: of HELO (RFC 7208 §2.4). */
export function forSpf(ask: Resolve, sender: string, helo: string): Resolve {
  const at = sender.lastIndexOf('@')
  const localPart = at > 0 ? sender.slice(0, at) : 'postmaster'
  const domain = sender === '' ? helo : sender.slice(at + 1)
  const answer: Resolve = (name, type) =>
    ask(name, type).catch((error: unknown) => {
      // RFC 7208 §5.5: ptr does not match then, and what stands behind it counts.
      if (type === 'PTR' && isTemporary(error)) return []
      throw error
    })
  return withRecords(answer, (record, name) => {
    if (!record.toLowerCase().startsWith('v=spf1')) return record
    const values = new Map([
      ['l', localPart],
      ['o', domain],
      ['d', name],
    ])
    return plain(record, name, values)
  })
}

function plain(record: string, name: string, values: ReadonlyMap<string, string>): string {
  const usable = isAscii(values.get('l') as string) ? () => true : usesNoLocalPart
  return record
    .split(' ')
    .filter(usable)
    .map((term) => (isBarePtr(term) ? `${term}:${name}` : withoutDot(expandMacros(term, values))))
    .join(' ')
}

/** RFC 7208 §5.5: without a domain it is that of the record. */
function isBarePtr(term: string): boolean {
  return ['ptr', '+ptr', '-ptr', '~ptr', '?ptr'].includes(term.toLowerCase())
}

/** RFC 7208 §7.1: a domain may end with a dot. To the library it is wrong then, but for `include` and `redirect`. */
function withoutDot(term: string): string {
  const colon = term.indexOf(':')
  if (colon === -1 || term.slice(0, colon).toLowerCase().includes('ip')) return term
  let end = term.length
  while ('/0123456789'.includes(term[end - 1])) end--
  return term[end - 1] === '.' && '/'.includes(term[end] ?? '/') ? term.slice(0, end - 1) + term.slice(end) : term
}

/** RFC 8616 §5: no term with a local part that is not ASCII is ever true. */
function usesNoLocalPart(term: string): boolean {
  const lower = term.toLowerCase()
  return !lower.includes('%{l') && !lower.includes('%{s')
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
