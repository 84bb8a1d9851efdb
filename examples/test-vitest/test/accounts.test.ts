import { describe, expect } from 'vitest'
import { test } from './fixtures.js'

describe.concurrent('accounts', () => {
  test('signing up sends a code', async ({ accounts, inbox, expect }) => {
    await accounts.signUp(inbox.address)
    const message = await inbox.next()
    expect(accounts.confirm(inbox.address, message.code())).toBe(true)
  })

  test('signing up again sends another code, and the first one is void', async ({ accounts, inbox, expect }) => {
    await accounts.signUp(inbox.address)
    const first = (await inbox.next()).code()
    await accounts.signUp(inbox.address)
    const second = (await inbox.next()).code()
    expect([accounts.confirm(inbox.address, first), accounts.confirm(inbox.address, second)]).toEqual([false, true])
  })

  test('a forgotten password is reset by a link', async ({ accounts, inbox, expect }) => {
    await accounts.signUp(inbox.address)
    await accounts.forgot(inbox.address)
    await expect(inbox).toReceive({ subject: /reset/i, attachment: 'terms.txt' })
    const message = await inbox.waitFor({ subject: /reset/i })
    const token = message.link('new password').searchParams.get('token') ?? ''
    expect(accounts.whoResets(token)).toBe(inbox.address)
  })
})

test('whoever has no account hears nothing', async ({ accounts, inbox, mail }) => {
  const { messages } = await mail.during(() => accounts.forgot(inbox.address))
  expect(messages).toEqual([])
  await expect(inbox).toReceiveNothing()
})
