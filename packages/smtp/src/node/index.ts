export { type CloseOptions, type Listening, type ListenOptions, listen } from '@posthouse/wire/node'
export { type ConnectSmtpOptions, connectLmtp, connectSmtp } from './client.js'
export { type FileSpoolOptions, fileSpool } from './file-spool.js'
