/** `@posthouse/mail-auth`: DKIM signing, and SPF, DKIM, DMARC and ARC verification, as handlers of an SMTP server. */

export { MailAuthError, type MailAuthErrorCode } from './errors.js'
export { verifyMail } from './node/verify-mail.js'
export * from './session/index.js'
export * from './syntax/index.js'
