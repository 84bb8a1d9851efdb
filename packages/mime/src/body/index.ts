/** `@posthouse/mime/body`: transfer encodings, charsets and text formats, each usable alone. */

export { type BodyDecoder, createBase64Decoder, decodeBase64 } from './base64.js'
export { type BodyEncoder, createBase64Encoder, encodeBase64 } from './base64-encode.js'
export {
  type CharsetDecoder,
  type CharsetDefect,
  type CharsetSource,
  canonicalCharset,
  createCharsetDecoder,
  type DecodedText,
  decodeCharset,
  type SourceDecoder,
} from './charset.js'
export { type FlowedParagraph, readFlowed, reflow } from './flowed.js'
export { createQuotedPrintableDecoder, decodeQ, decodeQuotedPrintable } from './quoted-printable.js'
export {
  createQuotedPrintableEncoder,
  encodeQuotedPrintable,
  type QuotedPrintableOptions,
} from './quoted-printable-encode.js'
export {
  type CappedDecoder,
  capDecoder,
  createTransferDecoder,
  decodeTransfer,
  type TransferEncoding,
  transferEncoding,
} from './transfer.js'
export { createUuDecoder, decodeUuencoded, findUuencoded, type UuencodedFile } from './uuencode.js'
