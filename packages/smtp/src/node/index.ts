export { type CloseOptions, type Listening, type ListenOptions, listen } from '@posthouse/wire/node'
export { type FileSpoolOptions, fileSpool } from './file-spool.js'
