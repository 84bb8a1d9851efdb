/** Addresses as tests write them, and what is no address. */
import { connectTestMail, startTestMail } from '@posthouse/testing'
import { createTransport } from 'nodemailer'
import { describe, expect, test, vi } from 'vitest'

const letter = { from: 'app@example.test', subject: 'Hello', text: 'It works.' }
const soon = { timeout: 50 }

describe('one address, spelled in several ways', () => {
  test.each([
    ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['ada@xn--bcher-kva.example', 'Ada@BÜCHER.example'],
    ['"ada"@example.test', 'ada@example.test'],
  ])('to %s, wanted for %s', async (to, wanted) => {
    await using mail = await startTestMail({ http: true })
    await createTransport(mail.transport()).sendMail({ ...letter, to })
    expect((await mail.waitFor({ to: wanted }, soon)).bcc).toEqual([])
    expect((await mail.inbox(wanted).next(soon)).subject).toBe('Hello')
    await using remote = await connectTestMail(mail.http?.url as string)
    expect((await remote.inbox(wanted).next(soon)).subject).toBe('Hello')
    await expect(mail.inbox(wanted).expectNone()).rejects.toMatchObject({ code: 'unexpected' })
  })

  test('a bare name is a user of the domain, for an inbox as for a delivery', async () => {
    await using mail = await startTestMail({ domain: 'example.test', http: true })
    await mail.deliver('ada', { subject: 'Hello' })
    expect(mail.inbox('ada').address).toBe('ada@example.test')
    expect(mail.inbox('ada').messages).toHaveLength(1)
    await using remote = await connectTestMail(mail.http?.url as string, { domain: 'example.test' })
    expect((await remote.inbox('ada').next(soon)).subject).toBe('Hello')
  })
})

test.each(['', 'Ada <ada@mail.test>', 'ada@', '@mail.test'])('inbox(%j) is for nobody', async (address) => {
  await using mail = await startTestMail({ http: true })
  await using remote = await connectTestMail(mail.http?.url as string)
  const refusal = { code: 'options', message: expect.stringContaining('inbox() takes an address (ada@mail.test)') }
  for (const { inbox } of [mail, remote]) expect(() => inbox(address)).toThrow(expect.objectContaining(refusal))
})

test('a test that replaces Math.random gets other addresses and ids all the same', async () => {
  using _ = vi.spyOn(Math, 'random').mockReturnValue(0.5)
  await using mail = await startTestMail({ now: () => Date.UTC(2026, 0, 1), http: true })
  await using remote = await connectTestMail(mail.http?.url as string)
  const addresses = [mail, remote].flatMap(({ inbox }) => Array.from({ length: 500 }, () => inbox().address))
  expect(new Set(addresses).size).toBe(1_000)
  const transport = createTransport({ ...mail.transport(), pool: true })
  for (const to of addresses.slice(0, 50)) await transport.sendMail({ ...letter, to })
  transport.close()
  expect(new Set(mail.messages.map(({ id }) => id)).size).toBe(50)
})
