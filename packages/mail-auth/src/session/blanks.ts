/**
 * What the library takes for blanks. It reads a header as latin1 text and makes one blank of each run of `\s`: of A0 too
 * (half of `à` in UTF-8), of VT, FF and a bare CR, which are octets like any others (RFC 6376 §2.8). True signatures
 * over them would fail, and signatures over a blank would pass over them.
 *
 * So it gets other characters in their place whose low eight bits are theirs: that is all that is left of a character
 * when the library makes octets of the text again, to sign or verify them.
 */
import { latin1 } from '@posthouse/wire'
import type { Spelling } from './signatures.js'

/** A field: octets, or text that the library uses as it is. */
type Line = Uint8Array | string

interface LibrarySignature {
  /** `DKIM`, or one of ARC. */
  readonly type?: string
  original?: Line
  timestamp?: Date | null
  expiration?: Date | null
  maxBodyLength?: number | ''
}

/** What the library knows of the header as soon as it has seen its end. */
export interface LibraryHeader {
  readonly headers?:
    | false
    | { readonly parsed: readonly { readonly key?: string | null; casedKey?: string; line: Line }[] }
  signatureHeaders?: readonly LibrarySignature[]
  readonly arc?: { readonly chain?: false | readonly object[] }
}

/**
 * Puts the fields of a header right that are to be hashed, and leaves the signatures that are to be checked: those with
 * a spelling. `false`: the library has not seen its end.
 */
export function keepOctets(library: LibraryHeader, spellings?: ReadonlyMap<string, Spelling>): boolean {
  const { headers, signatureHeaders = [], arc } = library
  if (!headers) return false
  const spelled = (line: Line): Spelling | undefined => spellings?.get(textOf(line))
  for (const row of headers.parsed) row.line = kept(spelled(row.line)?.line ?? row.line)
  library.signatureHeaders = signatureHeaders.filter(
    ({ type, original }) => type !== 'DKIM' || (original && spelled(original)),
  )
  for (const field of library.signatureHeaders) {
    if (field.original) field.original = kept(spelled(field.original)?.unsigned ?? field.original)
    // The library would give up the message.
    if (isNever(field.timestamp)) field.timestamp = null
    if (isNever(field.expiration)) field.expiration = null
    // Its octets are counted already; the library writes to stdout when they are others in the end.
    field.maxBodyLength = ''
  }
  for (const field of (arc?.chain || []).flatMap((set): { original?: Line }[] => Object.values(set))) {
    if (field.original) field.original = kept(field.original)
  }
  return true
}

function isNever(time: Date | null | undefined): boolean {
  return Number.isNaN(time?.getTime())
}

function textOf(line: Line): string {
  return typeof line === 'string' ? line : latin1(line)
}

function kept(line: Line): Line {
  const text = textOf(line)
  const same = text.replaceAll('\xa0', '\ue0a0').replaceAll('\v', '\ue00b').replaceAll('\f', '\ue00c')
  // Its lines end with CRLF: all other CRs are bare.
  const all = same.replaceAll('\r\n', '\n').replaceAll('\r', '\ue00d').replaceAll('\n', '\r\n')
  return all === text ? line : all
}
