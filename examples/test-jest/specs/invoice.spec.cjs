const { on, stable, testMailFor } = require('@posthouse/testing')
const { sendInvoice } = require('../src/invoice.cjs')

// jest takes hooks only outside of hooks and tests: started here, awaited there.
const starting = testMailFor({ after: afterAll })
let mail
beforeAll(async () => {
  mail = await starting
})

test('an invoice has its total in the text and in the file', async () => {
  const inbox = mail.inbox()
  await sendInvoice({ to: inbox.address, number: 7, total: 12 }, mail.smtp.url)
  const message = await inbox.waitFor({ subject: 'Invoice 7' })
  expect(message).toSeeInHtml('Total: 12 €')
  expect(message).toSeeInOrder(['Invoice 7', 'Thank you!'])
  expect(message).toHaveAttachment('invoice-7.json')
  expect(message.attachment('invoice-7.json').json()).toEqual({ number: 7, total: 12 })
  expect(stable(message).headers.slice(0, 4)).toMatchInlineSnapshot(`
[
  "From: billing@example.test",
  "To: inbox-1@mail.test",
  "Subject: Invoice 7",
  "Message-ID: <message-id>",
]
`)
})

test('a refused recipient is an error of the sender, and nothing is sent', async () => {
  const inbox = mail.inbox()
  const faults = mail.script(on.rcpt.once().reply(550, '5.1.1', 'no such user'))
  await expect(sendInvoice({ to: inbox.address, number: 8, total: 1 }, mail.smtp.url)).rejects.toMatchObject({
    responseCode: 550,
  })
  faults.remove()
  await expect(inbox).toReceiveNothing()
})
