/** What the header of an entity says about the structure of its body. */

import { transferEncoding } from '../body/transfer.js'
import { readBoundary, readContentFields, readMediaType, readTransferEncoding } from './content-fields.js'
import type { DefectCode } from './defects.js'
import type { Entity } from './entity.js'

/** RFC 2046 §5.1.1 allows 70; this is what large servers take. */
const MAX_BOUNDARY = 2048

/** Types whose body is a message (RFC 2046 §5.2.1, RFC 6532 §3.7). */
export function isMessageType(entity: Entity): boolean {
  return entity.type === 'message' && (entity.subtype === 'rfc822' || entity.subtype === 'global')
}

/** A multipart whose parts cannot be read, or will not be. */
export function isUnopened(entity: Entity): boolean {
  return entity.type === 'multipart' && entity.boundary === null
}

function isEncoded(encoding: string): boolean {
  const kind = transferEncoding(encoding)
  return kind !== 'identity' && kind !== 'unknown'
}

/**
 * Reads type and subtype of the header block `[start, end)` into the entity. Returns the boundary of a multipart, the
 * empty string for a message, null for a leaf.
 */
export function readOpening(
  entity: Entity,
  bytes: Uint8Array,
  start: number,
  end: number,
  report: (code: DefectCode, offset: number) => void,
): string | null {
  const fields = readContentFields(bytes, start, end)
  const shift = entity.headerStart - start
  if (fields.secondTypeAt !== -1) report('duplicate-content-type', fields.secondTypeAt + shift)
  if (fields.secondEncodingAt !== -1) report('duplicate-transfer-encoding', fields.secondEncodingAt + shift)
  if (fields.type !== null) {
    const media = readMediaType(fields.type)
    entity.type = media.type
    entity.subtype = media.subtype
    if (media.malformed) report('malformed-content-type', fields.typeAt + shift)
  }
  if (isMessageType(entity)) {
    if (!isEncoded(readTransferEncoding(fields.encoding))) return ''
    report('encoded-message', entity.headerStart)
    return null
  }
  if (entity.type !== 'multipart' || fields.type === null) return null
  if (isEncoded(readTransferEncoding(fields.encoding))) report('encoded-multipart', entity.headerStart)
  const boundary = readBoundary(fields.type)
  if (boundary.duplicate) report('duplicate-boundary', entity.headerStart)
  if (boundary.hadBlanks) report('boundary-with-blanks', entity.headerStart)
  if (boundary.text !== '' && boundary.text.length <= MAX_BOUNDARY) return boundary.text
  report('missing-boundary', entity.headerStart)
  return null
}

/** The boundary that a header block, as far as it was read, gives to a multipart; empty when there is none. */
export function boundarySoFar(bytes: Uint8Array, start: number, end: number): string {
  const { type } = readContentFields(bytes, start, end)
  if (type === null || readMediaType(type).type !== 'multipart') return ''
  const { text } = readBoundary(type)
  return text.length <= MAX_BOUNDARY ? text : ''
}
