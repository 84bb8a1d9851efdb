import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import type { SmtpHandler, Transaction } from '../src/index.js'
import { collector } from './servers.js'

/** Greeting and EHLO, whatever is announced. */
export const EHLO = `
  S: 220 mx.example.org ESMTP
  C: EHLO client.example
  S: ...
  S: 250 {*}
`

/** Plays at all cuts; returns what a handler saw of the last transaction. */
export async function play<T>(
  text: string,
  handlers: readonly SmtpHandler[],
  see: (transaction: Transaction) => T,
  options: object = {},
  link = {},
): Promise<T | undefined> {
  let seen: T | undefined
  const watch: SmtpHandler = {
    message(message) {
      seen = see(message.transaction)
    },
  }
  await playTranscriptAtAllCuts(() => collector({ handlers: [...handlers, watch], ...options }).server, text, link)
  return seen
}

/** A message with parameters of MAIL and RCPT that is accepted. */
export function message(mail: string, rcpt = ''): string {
  return `${EHLO}
    C: MAIL FROM:<a@example.org>${mail}
    C: RCPT TO:<b@example.org>${rcpt}
    C: DATA
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 354 {*}
    C: .
    S: 250 {*}
  `
}

/** A command and its refusal. */
export function refused(command: string, answer: string): string {
  return `${EHLO}
    C: ${command}
    S: ${answer}
  `
}
