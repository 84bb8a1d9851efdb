export { decodeBase64, encodeBase64 } from './base64.js'
export { login } from './login.js'
export * from './mechanism.js'
export { plain } from './plain.js'
