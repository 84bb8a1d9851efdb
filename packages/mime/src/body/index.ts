/** `@posthouse/mime/body`: transfer encodings, charsets and text formats, each usable alone. */

export {
  type BodyDecoder,
  type BodyEncoder,
  createBase64Decoder,
  createBase64Encoder,
  decodeBase64,
  encodeBase64,
} from './base64.js'
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
