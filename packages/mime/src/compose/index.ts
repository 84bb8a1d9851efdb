/** `@posthouse/mime/compose`: writes messages. */

export type { AddressInput, Group, Mailbox } from './addresses.js'
export { formatDate } from './date.js'
export type { TransportNeed } from './encoding.js'
export { ComposeError, type ComposeErrorCode } from './errors.js'
export {
  type ComposedMessage,
  type ComposeSettings,
  composeBytes,
  composeMessage,
  type MessageContent,
} from './message.js'
export {
  type Attachment,
  attachmentPart,
  type BodySource,
  type BodyStream,
  type ExtraField,
  type LeafPart,
  type MultiPart,
  messagePart,
  multipart,
  type Part,
  textPart,
} from './part.js'
