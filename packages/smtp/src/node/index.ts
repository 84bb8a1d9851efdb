export {
  type CloseOptions,
  createTlsIdentity,
  type Listening,
  type ListenOptions,
  listen,
  type TlsIdentity,
  type TlsMaterial,
} from '@posthouse/wire/node'
export { type ConnectSmtpOptions, connectLmtp, connectSmtp } from './client.js'
export { type FileSpoolOptions, fileSpool } from './file-spool.js'
export { type StreamToOptions, streamTo } from './stream-to.js'
