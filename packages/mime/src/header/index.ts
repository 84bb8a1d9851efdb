/** `@posthouse/mime/header`: readers for the values of header fields. */

export { readTransferEncoding } from '../structure/content-fields.js'
export {
  isGroup,
  parseAddressFields,
  parseAddressList,
  type RawAddressList,
  type RawGroup,
  type RawMailbox,
} from './address.js'
export { type HeaderDate, parseDate } from './date.js'
export {
  type FieldTable,
  fieldEnd,
  fieldName,
  fieldStart,
  fieldValue,
  filterHeader,
  findField,
  foldedValue,
  scanFields,
  unfold,
} from './fields.js'
export { normalMessageId, parseMessageIds } from './message-ids.js'
export { parameterText, parameterTexts } from './parameter-text.js'
export {
  parseStructured,
  type RawParameter,
  type StructuredValue,
} from './parameters.js'
export { decodeWords, type HeaderText, type RawCharset } from './words.js'
