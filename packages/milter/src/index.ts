/** `@posthouse/milter`: content filters of Sendmail and Postfix as handlers of an SMTP server. */

export * from './engine/index.js'
export { MilterError, type MilterErrorCode } from './errors.js'
export * from './session/index.js'
export * from './syntax/index.js'
