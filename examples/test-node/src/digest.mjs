import { createTransport } from 'nodemailer'

/** The product under test: a daily digest to all who want one. */
export async function sendDigests(readers, articles, smtpUrl) {
  const transport = createTransport(smtpUrl, { from: 'digest@example.test' })
  for (const { address, topics } of readers) {
    const mine = articles.filter(({ topic }) => topics.includes(topic))
    if (mine.length === 0) continue
    await transport.sendMail({
      to: address,
      subject: `${mine.length} new articles`,
      text: mine.map(({ title }) => `- ${title}`).join('\n'),
      list: { unsubscribe: `https://example.test/unsubscribe?${new URLSearchParams({ address })}` },
    })
  }
}
