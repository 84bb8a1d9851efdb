import { createSmtpServer, onMessage, type SmtpHandler, type SmtpServer } from '@posthouse/smtp'
import { type LogEvent, latin1 } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { type MilterHandler, type MilterHandlerOptions, milter } from '../src/index.js'
import type { FakeMilter } from './fake-milter.js'

/** A message that went through, as the handler behind the milter got it. */
export interface Passed {
  readonly text: string
  readonly from: string | null
  readonly to: readonly string[]
}

export interface Filtered {
  readonly server: SmtpServer
  readonly handler: MilterHandler
  readonly passed: Passed[]
  readonly log: LogEvent[]
}

/** A server with a milter. */
export function filtered(
  fake: FakeMilter,
  options: Partial<MilterHandlerOptions> = {},
  more: { readonly before?: readonly SmtpHandler[]; readonly after?: readonly SmtpHandler[] } = {},
): Filtered {
  const passed: Passed[] = []
  const log: LogEvent[] = []
  const handler = milter({ connect: fake.connect, ...options })
  const keep = onMessage(({ transaction, octets }) => {
    passed.push({
      text: latin1(octets()),
      from: transaction.reversePath?.address ?? null,
      to: transaction.recipients.flatMap(({ targets }) => targets.map(({ address }) => address)),
    })
  })
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    random: (octets) => new Uint8Array(octets),
    log: (event) => log.push(event),
    handlers: [...(more.before ?? []), handler, ...(more.after ?? []), keep],
  })
  return { server, handler, passed, log }
}

/** Greeting and EHLO. */
export const HELLO = `
  S: 220 mx.example.org ESMTP
  C: EHLO client.example
  S: ...
  S: 250 {*}
`

/** One message behind it; `answer` is the reply to its end. */
export function message(answer: string, lines: readonly string[] = ['Subject: x', '', 'text']): string {
  return `
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 {*}
    S: 250 2.1.5 {*}
    S: 354 {*}
${lines.map((line) => `    C: ${line}\n`).join('')}    C: .
    S: ${answer}
  `
}

/** Plays one session. */
export function play(server: SmtpServer, text: string): Promise<unknown> {
  return playTranscript(server, text)
}
