/**
 * Messages for servers that lack 8BITMIME or BINARYMIME (RFC 6152 §3, RFC 3030 §3): bodies that cannot pass are
 * encoded, everything else stays as it is. What must not be touched (signed parts) or cannot be encoded (a header in
 * an old charset) is not converted at all.
 */
import { encodeBase64, encodeQuotedPrintable } from '@posthouse/mime/body'
import { editHeader, type HeaderEdit } from '@posthouse/mime/edit'
import { findField, foldedValue, readTransferEncoding, scanFields } from '@posthouse/mime/header'
import { type Entity, indexMessage, ranges } from '@posthouse/mime/structure'
import { concat, hasEightBit } from '@posthouse/wire'

/** Octets of a line without its end that SMTP carries (RFC 5321 §4.5.3.1.6). */
const MAX_LINE = 998
const LF = 10
const CR = 13

/** As `convertMessage`. */
export function convertNow(message: Uint8Array, target: '7bit' | '8bit'): Uint8Array | null {
  const { root } = indexMessage(message)
  const pieces: Uint8Array[] = []
  for (const { kind, entity, start, end } of ranges(root)) {
    const octets = message.subarray(start, end)
    if (kind === 'header') {
      const header = convertHeader(message, entity, octets, target)
      if (!header) return null
      pieces.push(header)
    } else if (kind === 'body') {
      const encoding = encodingFor(entity, octets, target)
      if (encoding === null) pieces.push(octets)
      else pieces.push(encode(octets, encoding))
    } else if (!passes(octets, target)) return null
    else pieces.push(octets)
  }
  // A root without a body has no body piece, and a leaf's encoding is decided from its body: nothing is left to do.
  return concat(pieces.length === 0 ? [message] : pieces)
}

type Encoding = 'quoted-printable' | 'base64'

function encode(octets: Uint8Array, encoding: Encoding): Uint8Array {
  return encoding === 'base64' ? encodeBase64(octets) : encodeQuotedPrintable(octets)
}

/** How a leaf's body must be encoded; `null`: it passes as it is. */
function encodingFor(entity: Entity, body: Uint8Array, target: '7bit' | '8bit'): Encoding | null {
  if (passes(body, target)) return null
  return entity.type === 'text' && !isBinary(body) ? 'quoted-printable' : 'base64'
}

function convertHeader(
  message: Uint8Array,
  entity: Entity,
  header: Uint8Array,
  target: '7bit' | '8bit',
): Uint8Array | null {
  if (!passes(header, target)) return null
  const declared = declaredEncoding(header)
  if (entity.children.length > 0) {
    if (declared !== 'binary' && (declared !== '8bit' || target === '8bit')) return header
    return edit(header, [{ replace: { name: 'Content-Transfer-Encoding', value: target } }])
  }
  const encoding = encodingFor(entity, message.subarray(entity.bodyStart, entity.bodyEnd), target)
  if (encoding === null) {
    if (declared === 'binary' || (declared === '8bit' && target === '7bit')) {
      return edit(header, [{ replace: { name: 'Content-Transfer-Encoding', value: '7bit' } }])
    }
    return header
  }
  // RFC 2045 §6.4: composite types are never encoded, and nothing is encoded twice. RFC 1847 §2.1: signed parts stay.
  if (entity.type === 'message' || entity.type === 'multipart' || isEncoded(declared) || isSigned(entity)) return null
  const edits: HeaderEdit[] = [{ replace: { name: 'Content-Transfer-Encoding', value: encoding } }]
  if (entity.parent === null) {
    if (isMissing(header, 'mime-version')) edits.push({ replace: { name: 'MIME-Version', value: '1.0' } })
    if (isMissing(header, 'content-type')) {
      // RFC 1428 §3: nobody knows which charset it is.
      edits.push({ replace: { name: 'Content-Type', folded: 'text/plain; charset=unknown-8bit' } })
    }
  }
  return edit(header, edits)
}

function edit(header: Uint8Array, edits: readonly HeaderEdit[]): Uint8Array {
  return editHeader(header, edits)
}

function isMissing(header: Uint8Array, name: string): boolean {
  return findField(scanFields(header), name) === -1
}

/** The first field counts, as it does for the index. */
function declaredEncoding(header: Uint8Array): string {
  const table = scanFields(header)
  const index = findField(table, 'content-transfer-encoding')
  return readTransferEncoding(index === -1 ? null : foldedValue(table, index))
}

function isEncoded(declared: string): boolean {
  return declared !== '7bit' && declared !== '8bit' && declared !== 'binary'
}

function isSigned(entity: Entity): boolean {
  for (let one: Entity | null = entity.parent; one; one = one.parent) {
    if (one.type === 'multipart' && (one.subtype === 'signed' || one.subtype === 'encrypted')) return true
  }
  return false
}

function passes(octets: Uint8Array, target: '7bit' | '8bit'): boolean {
  return !isBinary(octets) && (target === '8bit' || !hasEightBit(octets))
}

/** True when only BINARYMIME carries the octets: NUL, a CR or LF alone, or a line that is too long. */
function isBinary(octets: Uint8Array): boolean {
  if (octets.indexOf(0) !== -1) return true
  let start = 0
  for (let at = octets.indexOf(LF); at !== -1; at = octets.indexOf(LF, start)) {
    if (at === start || octets[at - 1] !== CR || at - 1 - start > MAX_LINE) return true
    if (octets.subarray(start, at - 1).indexOf(CR) !== -1) return true
    start = at + 1
  }
  return octets.length - start > MAX_LINE || octets.subarray(start).indexOf(CR) !== -1
}
