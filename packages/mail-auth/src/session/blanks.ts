/**
 * What the library takes for blanks. It reads a header as latin1 text and makes one blank of each run of `\s`: of A0 too
 * (half of `à` in UTF-8), of VT, FF and a bare CR, which are octets like any others (RFC 6376 §2.8). True signatures
 * over them would fail, and signatures over a blank would pass over them.
 *
 * So it gets other characters in their place whose low eight bits are theirs: that is all that is left of a character
 * when the library makes octets of the text again, to sign or verify them.
 */
import { latin1 } from '@posthouse/wire'

/** A field: octets, or text that the library uses as it is. */
type Line = Uint8Array | string

/** What the library knows of the header as soon as it has seen its end. */
export interface LibraryHeader {
  readonly headers?: false | { readonly parsed: readonly { line: Line }[] }
  readonly signatureHeaders?: readonly { original?: Line }[]
  readonly arc?: { readonly chain?: false | readonly object[] }
}

/** Puts the fields of a header right that are to be hashed. `false`: the library has not seen its end. */
export function keepOctets({ headers, signatureHeaders = [], arc }: LibraryHeader): boolean {
  if (!headers) return false
  for (const row of headers.parsed) row.line = kept(row.line)
  for (const field of signatureHeaders) if (field.original) field.original = kept(field.original)
  for (const field of (arc?.chain || []).flatMap((set): { original?: Line }[] => Object.values(set))) {
    if (field.original) field.original = kept(field.original)
  }
  return true
}

function kept(line: Line): Line {
  if (typeof line === 'string') return line
  const text = latin1(line)
  const same = text.replaceAll('\xa0', '\ue0a0').replaceAll('\v', '\ue00b').replaceAll('\f', '\ue00c')
  // Its lines end with CRLF: all other CRs are bare.
  const all = same.replaceAll('\r\n', '\n').replaceAll('\r', '\ue00d').replaceAll('\n', '\r\n')
  return all === text ? line : all
}
