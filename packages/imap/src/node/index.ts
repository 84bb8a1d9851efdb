/** `@posthouse/imap/node`: serves an IMAP server on a port. */
export { type CloseOptions, type Listening, type ListenOptions, listen } from '@posthouse/wire/node'
