export * from './listen.js'
export { type OpenConnectionOptions, openConnection } from './open-connection.js'
export { createTlsIdentity, type TlsIdentity, type TlsMaterial, tlsInfo } from './tls.js'
