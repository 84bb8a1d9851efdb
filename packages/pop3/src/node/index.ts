export { type CloseOptions, type Listening, type ListenOptions, listen } from '@posthouse/wire/node'
export { type ConnectPop3Options, connectPop3 } from './connect.js'
