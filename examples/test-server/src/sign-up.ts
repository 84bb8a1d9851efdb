import { createTransport } from 'nodemailer'

/** The product under test: signing up sends a link. */
export async function signUp(address: string, options: { readonly smtp: string }): Promise<void> {
  const transport = createTransport(options.smtp, { from: 'app@example.test' })
  await transport.sendMail({
    to: address,
    subject: 'Confirm your address',
    html: `<p>Welcome! <a href="https://app.example.test/confirm?to=${encodeURIComponent(address)}">Confirm</a></p>`,
  })
}
