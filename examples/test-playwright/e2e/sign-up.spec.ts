import { expect } from '@playwright/test'
import { on } from '@posthouse/testing'
import { test } from './fixtures.js'

test('signing up with the code that came by mail', async ({ page, inbox }) => {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(inbox.address)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  const message = await inbox.next()
  await page.getByLabel('Code').fill(message.code())
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByRole('heading')).toHaveText(`Welcome, ${inbox.address}`)
})

test('sending it again makes the first code void', async ({ page, inbox }) => {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(inbox.address)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  const first = await inbox.next()
  await page.getByRole('button', { name: 'Send it again' }).click()
  const second = await inbox.next()
  expect(second.code()).not.toBe(first.code())
  await page.getByLabel('Code').fill(first.code())
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByRole('alert')).toHaveText('This is not the code.')
  await page.getByLabel('Code').fill(second.code())
  await page.getByRole('button', { name: 'Confirm' }).click()
  await expect(page.getByRole('heading')).toHaveText(/^Welcome/)
})

test('the mail itself, as a reader sees it', async ({ page, inbox }) => {
  await page.goto('/')
  await page.getByLabel('E-mail').fill(inbox.address)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  const message = await inbox.next()
  await page.setContent(message.html)
  await expect(page.locator('#code')).toHaveText(message.code())
})

test('an address that does not exist', async ({ page, inbox, mail }) => {
  // For this address only: other tests are sending, too.
  await using _ = await mail.script(on.rcpt.for(inbox.address).reply(550, '5.1.1', 'no such user'))
  await page.goto('/')
  await page.getByLabel('E-mail').fill(inbox.address)
  await page.getByRole('button', { name: 'Send me a code' }).click()
  await expect(page.getByRole('alert')).toHaveText('We cannot send mail to this address.')
  await inbox.expectNone()
})
