export {
  type Address,
  type AddressGroup,
  flatAddresses,
  isAddressGroup,
  readAddresses,
} from './addresses.js'
export type { Bodies } from './bodies.js'
export { type HeaderField, Headers } from './headers.js'
export { Message, type ParseOptions, parseMessage } from './message.js'
export { Part } from './part.js'
