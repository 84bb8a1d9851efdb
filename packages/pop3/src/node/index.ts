export {
  type CloseOptions,
  createTlsIdentity,
  type Listening,
  type ListenOptions,
  listen,
  type TlsIdentity,
  type TlsMaterial,
} from '@posthouse/wire/node'
export { type ConnectPop3Options, connectPop3 } from './connect.js'
