import { createTransport } from 'nodemailer'

/** What waits to be sent. The id becomes the Message-ID: whoever receives it twice can tell. */
export interface Letter {
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** What became of a letter. */
export type Outcome =
  | { readonly state: 'sent'; readonly attempts: number }
  | { readonly state: 'refused'; readonly attempts: number; readonly reason: string }

/** How the outbox waits. */
export interface OutboxOptions {
  readonly smtpUrl: string
  readonly attempts: number
  /** Resolves when the next attempt is due. */
  readonly pause: (attempt: number) => Promise<void>
}

/** The product under test: sends until the server has taken the letter, or said that it never will. */
export async function sendLetter(letter: Letter, { smtpUrl, attempts, pause }: OutboxOptions): Promise<Outcome> {
  const transport = createTransport(smtpUrl, { from: 'outbox@example.test' })
  for (let attempt = 1; ; attempt++) {
    try {
      const { id, to, subject, text } = letter
      await transport.sendMail({ messageId: `<${id}@example.test>`, to, subject, text })
      return { state: 'sent', attempts: attempt }
    } catch (error) {
      const { responseCode = 0, message } = error as { responseCode?: number; message: string }
      if (responseCode >= 500 || attempt === attempts) return { state: 'refused', attempts: attempt, reason: message }
    }
    await pause(attempt)
  }
}
