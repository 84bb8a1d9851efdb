/**
 * What is wrong with a message. Parsing never fails: it takes the reading that the major mail readers take and says
 * here what it met.
 */

const EXPLANATIONS = {
  'missing-header': 'the first line is no header field: everything was taken as body',
  'malformed-header-line': 'a line of the header block is neither a field nor a continuation: it was skipped',
  'leading-continuation': 'the header block begins with a continuation line: it was skipped',
  'header-too-large': 'the header block is larger than the limit: fields behind it were not read',
  'too-many-fields': 'the header block has more fields than the limit: the rest was not read',
  'header-cut-by-boundary': 'a boundary line stands inside a header block: the part has no body',
  'missing-empty-line': 'the empty line behind a header block is missing: the body begins at the first boundary line',
  'duplicate-content-type': 'Content-Type occurs more than once: the first one counts',
  'duplicate-transfer-encoding': 'Content-Transfer-Encoding occurs more than once: the first one counts',
  'duplicate-boundary': 'Content-Type has more than one boundary parameter: the first one counts',
  'malformed-content-type': 'Content-Type is not of the form type/subtype: taken as text/plain',
  'missing-boundary': 'a multipart without a usable boundary parameter: taken as one opaque part',
  'boundary-with-blanks': 'the boundary ends with blanks: they were ignored',
  'repeated-boundary': 'a boundary is in use in an enclosing multipart: its lines belong to the innermost one',
  'missing-close-delimiter': 'a multipart has no closing boundary line',
  'no-parts': 'the boundary of a multipart never occurs: everything is preamble',
  'encoded-multipart': 'a multipart has a transfer encoding that RFC 2045 §6.4 forbids: it was read as it stands',
  'encoded-message': 'a message/rfc822 part is base64 or quoted-printable: it is a leaf that opens when asked',
  'unknown-transfer-encoding': 'the transfer encoding is not known: the octets were taken as they stand',
  'too-deep': 'parts are nested deeper than the limit: the part was not opened',
  'too-many-parts': 'the message has more parts than the limit: the last one takes the rest',
  'mbox-from-line': 'the message begins with the "From " line of an mbox file',
  'nul-octet': 'the header block has a NUL octet',
  'raw-8bit-header':
    'a header field has octets above 127 that are not UTF-8: read in the charset of the text, else as windows-1252',
  'malformed-encoded-word': 'an encoded word (RFC 2047) is broken: left as it stands',
  'malformed-address': 'an address list does not follow RFC 5322: what could be read was kept',
  'malformed-date': 'the Date field could not be read',
  'duplicate-field': 'a field that may occur once (RFC 5322 §3.6) occurs again: the first one counts',
  'too-many-parameters': 'a field has more parameters than the limit: the rest was not read',
  'unknown-charset': 'the charset is not known: the text was guessed',
  'wrong-charset': 'the octets are not in the charset of the label: the text was guessed',
  'damaged-base64': 'base64 has characters outside its alphabet or ends too early: they were skipped',
  'damaged-quoted-printable': 'quoted-printable has sequences that mean nothing: they were kept as they stand',
} as const

/** Stable names of everything that can be wrong; {@link Defect.message} explains each. */
export type DefectCode = keyof typeof EXPLANATIONS

export interface Defect {
  readonly code: DefectCode
  /** Octet of the message where it was met. */
  readonly offset: number
  /** One sentence: what it is and what was done. */
  readonly message: string
}

/**
 * Defects that let two readers see two different messages (what "ambiguous MIME" attacks are made of). A filter should
 * treat a message that has one as suspicious.
 */
const AMBIGUOUS: ReadonlySet<DefectCode> = new Set<DefectCode>([
  'missing-header',
  'malformed-header-line',
  'leading-continuation',
  'header-too-large',
  'too-many-fields',
  'header-cut-by-boundary',
  'missing-empty-line',
  'duplicate-content-type',
  'duplicate-transfer-encoding',
  'duplicate-boundary',
  'malformed-content-type',
  'missing-boundary',
  'boundary-with-blanks',
  'repeated-boundary',
  'no-parts',
  'encoded-multipart',
  'encoded-message',
  'unknown-transfer-encoding',
  'too-deep',
  'too-many-parts',
  'nul-octet',
  'duplicate-field',
  'too-many-parameters',
])

/** Makes the defect with its sentence. */
export function defect(code: DefectCode, offset: number): Defect {
  return { code, offset, message: EXPLANATIONS[code] }
}

/** True for defects because of which another reader may see another message. */
export function isAmbiguous(code: DefectCode): boolean {
  return AMBIGUOUS.has(code)
}
