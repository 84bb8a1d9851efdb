/**
 * What is wrong with a message. Parsing never fails: it takes the reading that the major mail readers take and says
 * here what it met.
 */

/**
 * Defects that let two readers see two different messages (what "ambiguous MIME" attacks are made of). A filter should
 * treat a message that has one as suspicious.
 */
const AMBIGUOUS = {
  'missing-header': 'the first line is no header field: all was taken as body',
  'malformed-header-line': 'a header line is neither a field nor a continuation: it was skipped',
  'leading-continuation': 'the header begins with a continuation line: it was skipped',
  'header-too-large': 'the header is larger than the limit: fields behind it were not read',
  'too-many-fields': 'the header has more fields than the limit: the rest was not read',
  'header-cut-by-boundary': 'a boundary line stands inside a header: the part has no body',
  'missing-empty-line': 'no empty line ends the header: the body begins at its first boundary line',
  'duplicate-content-type': 'Content-Type occurs more than once: the first counts',
  'duplicate-transfer-encoding': 'Content-Transfer-Encoding occurs more than once: the first counts',
  'duplicate-boundary': 'Content-Type has more than one boundary: the first counts',
  'malformed-content-type': 'Content-Type is not of the form type/subtype: taken as text/plain',
  'missing-boundary': 'a multipart without a usable boundary: taken as one opaque part',
  'boundary-with-blanks': 'the boundary ends with blanks: they were ignored',
  'repeated-boundary': 'a boundary is in use in an enclosing multipart: its lines belong to the innermost',
  'no-parts': 'the boundary of a multipart never occurs: all is preamble',
  'encoded-multipart': 'a multipart has a transfer encoding (RFC 2045 §6.4): it was read as it stands',
  'encoded-message': 'a message/rfc822 part is encoded: it is a leaf that opens when asked',
  'unknown-transfer-encoding': 'the transfer encoding is not known: the octets were taken as they stand',
  'too-deep': 'parts are nested deeper than the limit: the part was not opened',
  'too-many-parts': 'there are more parts than the limit: the last takes the rest',
  'nul-octet': 'the header has a NUL octet',
  'duplicate-field': 'a field that may occur once (RFC 5322 §3.6) occurs again: the first counts',
  'too-many-parameters': 'a field has more parameters than the limit: the rest was not read',
} as const

const HARMLESS = {
  'missing-close-delimiter': 'a multipart has no closing boundary line',
  'mbox-from-line': 'the message begins with the "From " line of an mbox file',
  'raw-8bit-header':
    'a header field has octets that are not UTF-8: read in the charset of the text, else as windows-1252',
  'malformed-encoded-word': 'an encoded word (RFC 2047) is broken: left as it stands',
  'malformed-address': 'an address list does not follow RFC 5322: what could be read was kept',
  'malformed-date': 'the Date field could not be read',
  'unknown-charset': 'the charset is not known: the text was guessed',
  'wrong-charset': 'the octets are not in the charset of the label: the text was guessed',
  'damaged-base64': 'base64 has other characters or ends too early: they were skipped',
  'damaged-quoted-printable': 'quoted-printable has sequences that mean nothing: left as they stand',
} as const

const EXPLANATIONS = { ...AMBIGUOUS, ...HARMLESS }

/** Stable names of everything that can be wrong; {@link Defect.message} explains each. */
export type DefectCode = keyof typeof EXPLANATIONS

/** Something in a message that follows no rule, and where it stands. */
export interface Defect {
  readonly code: DefectCode
  /** Octet of the message where it was met. */
  readonly offset: number
  /** One sentence: what it is and what was done. */
  readonly message: string
}

/** Makes the defect with its sentence. */
export function defect(code: DefectCode, offset: number): Defect {
  return { code, offset, message: EXPLANATIONS[code] }
}

/** True for defects because of which another reader may see another message. */
export function isAmbiguous(code: DefectCode): boolean {
  return Object.hasOwn(AMBIGUOUS, code)
}
