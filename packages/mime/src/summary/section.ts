/** Section addressing (RFC 9051 §6.4.5): part numbers and section texts to octet ranges. */

import type { PartRow } from './part-table.js'

/** What of a part a section asks for; without one, its body. */
export type SectionText = 'HEADER' | 'TEXT' | 'MIME'

/** Octets from `start` up to and without `end`. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

/**
 * The part with the number; null when there is none. The empty path is the message itself. A body that is no multipart
 * is part 1; so is the body of a message/rfc822 whose message is no multipart.
 */
export function findPart(root: PartRow, path: readonly number[]): PartRow | null {
  let part = root
  for (let i = 0; i < path.length; i++) {
    const number = path[i]!
    // Numbers behind a message/rfc822 count in its message.
    const holder = part.kind === 'message' && i > 0 ? part.children[0]! : part
    if (holder.kind === 'multipart') {
      const child = holder.children[number - 1]
      if (!child) return null
      part = child
    } else {
      // A leaf has no parts but itself, and only as the body of a message or of a multipart that was not opened.
      const isMessageBody = holder !== part || i === 0 || (part.type === 'multipart' && part.children.length === 0)
      if (number !== 1 || !isMessageBody) return null
      part = holder
    }
  }
  return part
}

/** Where the section lies in the message; the path is not empty. */
export function sectionRange(root: PartRow, path: readonly number[], text?: SectionText): OctetRange | null {
  const part = findPart(root, path)
  if (!part) return null
  if (text === undefined) return { start: part.bodyStart, end: part.bodyEnd }
  if (text === 'MIME') return { start: part.headerStart, end: part.bodyStart }
  if (part.kind !== 'message') return null
  const { headerStart, bodyStart, bodyEnd } = part.children[0]!
  return text === 'HEADER' ? { start: headerStart, end: bodyStart } : { start: bodyStart, end: bodyEnd }
}
