/** SIGTERM: open transactions finish, everybody else hears a goodbye, the exit code is 0. */
import { expect, test } from 'vitest'
import { typeTo } from './line-client.js'
import { startMailServerProcess } from './mail-server.js'

test('a message that is on its way is still taken', async () => {
  const server = await startMailServerProcess()
  const sender = await typeTo(server.ports.smtp)
  await sender.until('220 ')
  sender.write('EHLO test\r\n')
  await sender.until('250 ')
  sender.write('MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n')
  await sender.until('354 ')
  const reader = await typeTo(server.ports.imap)
  await reader.until('* OK')
  reader.write('a LOGIN alice@example.test secret\r\nb SELECT INBOX\r\nc IDLE\r\n')
  await reader.until('+ ')
  const maildrop = await typeTo(server.ports.pop3)
  await maildrop.until('+OK')

  const stopped = server.stop()
  expect((await reader.until('* BYE')).at(-1)).toMatch(/^\* BYE/)
  await maildrop.end()
  sender.write('Subject: last one\r\n\r\nStill here\r\n.\r\n')
  expect((await sender.until('250 ')).at(-1)).toMatch(/^250 2\./)
  await sender.end()
  expect(await stopped).toBe(0)

  const again = await startMailServerProcess({ data: server.data })
  const reader2 = await typeTo(again.ports.imap)
  await reader2.until('* OK')
  reader2.write('a LOGIN alice@example.test secret\r\nb STATUS INBOX (MESSAGES)\r\n')
  expect((await reader2.until('b OK')).find((line) => line.startsWith('* STATUS'))).toBe('* STATUS INBOX (MESSAGES 1)')
  reader2.socket.destroy()
  expect(await again.stop()).toBe(0)
  again.remove()
})

test('a listener that is off is said to be off, and the settings are checked', async () => {
  const server = await startMailServerProcess({ env: { POSTHOUSE_LMTP_PORT: 'off', POSTHOUSE_POP3S_PORT: 'off' } })
  expect(Number.isNaN(server.ports.lmtp)).toBe(true)
  expect(server.ports.imap).toBeGreaterThan(0)
  expect(await server.stop()).toBe(0)
  server.remove()
  await expect(startMailServerProcess({ env: { POSTHOUSE_IMAP_PORT: 'many' } })).rejects.toThrow('POSTHOUSE_IMAP_PORT')
})
