const { createTransport } = require('nodemailer')

/** The product under test: sends an invoice as a file. */
exports.sendInvoice = async function sendInvoice({ to, number, total }, smtpUrl) {
  await createTransport(smtpUrl).sendMail({
    from: 'billing@example.test',
    to,
    subject: `Invoice ${number}`,
    html: `<h1>Invoice ${number}</h1><table><tr><td>Total:</td><td>${total} €</td></tr></table><p>Thank you!</p>`,
    attachments: [{ filename: `invoice-${number}.json`, content: JSON.stringify({ number, total }) }],
  })
}
