/** Messages that are put there without SMTP, and what cannot be. */
import { connectTestMail, startTestMail, type TestMailOptions } from '@posthouse/testing'
import { describe, expect, test } from 'vitest'

const eml = 'Subject: Hello\r\n\r\nIt works.\r\n'

describe('what cannot be delivered is refused, and nothing is left of it', () => {
  test.each([
    ['no date', { at: new Date('banana') }, 'at: Invalid Date is no date'],
    ['no folder', { folder: 'a//b' }, 'deliver to a//b:'],
    ['no system flag', { flags: ['\\Sean'] }, 'there is no system flag \\Sean'],
  ])('%s', async (_name, how, message) => {
    await using mail = await startTestMail({ imap: true, http: true })
    await using remote = await connectTestMail(mail.http?.url as string)
    const refusal = { code: 'options', message: expect.stringContaining(message) }
    await expect(mail.deliver('ada', eml, how)).rejects.toMatchObject(refusal)
    if (!('at' in how)) await expect(remote.deliver('ada', eml, how)).rejects.toMatchObject(refusal)
    expect(mail.messages).toEqual([])
  })

  test('a date that HTTP brings', async () => {
    await using mail = await startTestMail({ http: true })
    const post = (at: string) =>
      fetch(`${mail.http?.url}/api/v1/messages?to=ada@mail.test&at=${at}`, {
        method: 'POST',
        headers: { 'content-type': 'message/rfc822' },
        body: eml,
      })
    expect((await post('banana')).status).toBe(400)
    expect((await post('2026-01-02T03:04:05Z')).status).toBe(201)
    const list = await fetch(`${mail.http?.url}/api/v1/messages`)
    expect(await list.json()).toMatchObject([{ receivedAt: '2026-01-02T03:04:05.000Z' }])
  })

  test.each<[string, TestMailOptions]>([
    ['in its memory', {}],
    ['in its mailboxes', { imap: true }],
  ])('more than the server may hold %s', async (_name, options) => {
    await using mail = await startTestMail({ ...options, limits: { messages: 2, bytes: 1_000 } })
    await mail.deliver('ada', eml)
    const full = { code: 'options', message: 'The test server is full: 2 messages or 1000 octets' }
    await expect(mail.deliver('ada', eml + 'x'.repeat(1_000))).rejects.toMatchObject(full)
    await mail.deliver('ada', eml)
    await expect(mail.deliver('ada', eml)).rejects.toMatchObject(full)
    expect(mail.messages).toHaveLength(2)
  })
})

test('options that there are not are refused, here and over HTTP', async () => {
  await using mail = await startTestMail({ http: true })
  await using remote = await connectTestMail(mail.http?.url as string)
  const refusal = { code: 'options', message: 'there is no option mailbox; there are folder, flags, at' }
  for (const server of [mail, remote]) {
    await expect(server.deliver('ada', eml, { mailbox: 'Spam' } as never)).rejects.toMatchObject(refusal)
    await expect(server.deliver('ada', eml, 'Spam' as never)).rejects.toMatchObject({ code: 'options' })
  }
  expect(mail.messages).toHaveLength(0)
})

test('the octets are a copy', async () => {
  await using mail = await startTestMail()
  const octets = new TextEncoder().encode(eml)
  const { raw } = await mail.deliver('ada', octets)
  octets.fill(0)
  expect(Buffer.from(raw).toString()).toBe(eml)
  expect((await mail.deliver('ada', eml)).raw.constructor).toBe(Uint8Array)
})

test.each([
  ['SMTP alone', {}],
  ['its mailboxes, too', { imap: true }],
])('a server that was disposed takes nothing: %s', async (_name, options) => {
  const mail = await startTestMail(options)
  await mail.dispose()
  await expect(mail.deliver('ada', eml)).rejects.toMatchObject({ code: 'disposed' })
  expect(mail.messages).toHaveLength(0)
})
