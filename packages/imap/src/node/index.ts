/** `@posthouse/imap/node`: serves an IMAP server on a port. */
export {
  type CloseOptions,
  createTlsIdentity,
  type Listening,
  type ListenOptions,
  listen,
  type TlsIdentity,
  type TlsMaterial,
} from '@posthouse/wire/node'
