import { randomInt, randomUUID } from 'node:crypto'
import { createTransport } from 'nodemailer'

/** The product under test: accounts that are confirmed by a code, and passwords that are reset by a link. */
export function createAccounts(smtpUrl: string) {
  const transport = createTransport(smtpUrl, { from: 'Example <accounts@example.test>' })
  const codes = new Map<string, string>()
  const resets = new Map<string, string>()
  return {
    async signUp(address: string): Promise<void> {
      const code = String(randomInt(100_000, 1_000_000))
      codes.set(address, code)
      await transport.sendMail({
        to: address,
        subject: 'Your code',
        text: `Your code is ${code}. It is good for 10 minutes.\n\nExample Ltd, phone +49 30 1234567`,
        html: `<p>Your code:</p><p style="font-size:32px">${code}</p><p>Example Ltd, phone +49 30 1234567</p>`,
      })
    },
    confirm: (address: string, code: string): boolean => codes.get(address) === code,
    /** Tells nobody whether there is such an account. */
    async forgot(address: string): Promise<void> {
      if (!codes.has(address)) return
      const token = randomUUID()
      resets.set(token, address)
      await transport.sendMail({
        to: address,
        subject: 'Reset your password',
        html: `<a href="https://app.example.test/reset?token=${token}">Choose a new password</a>
          <a href="https://app.example.test/help">Help</a>`,
        attachments: [{ filename: 'terms.txt', content: 'Be kind.' }],
      })
    },
    whoResets: (token: string): string | undefined => resets.get(token),
  }
}
