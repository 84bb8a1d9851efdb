export * from './listen.js'
export { createTlsIdentity, type TlsIdentity, type TlsMaterial, tlsInfo } from './tls.js'
