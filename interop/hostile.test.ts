/** Bad input gets the protocol's own error or a closed connection with a logged reason; the server goes on serving. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type LineClient, typeTo } from './line-client.js'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'

let server: MailServerProcess
beforeAll(async () => {
  server = await startMailServerProcess()
})
afterAll(async () => {
  expect(await server.stop()).toBe(0)
  server.remove()
})

async function greeted(name: string, start: string): Promise<LineClient> {
  const client = await typeTo(server.ports[name])
  await client.until(start)
  return client
}
const smtp = () => greeted('smtp', '220 ')
const imap = () => greeted('imap', '* OK')
const pop3 = () => greeted('pop3', '+OK')

/** After every attack, somebody else is served. */
afterEach(async () => {
  for (const [open, command, answer] of [
    [smtp, 'NOOP', '250'],
    [imap, 'a NOOP', 'a OK'],
    [pop3, 'CAPA', '+OK'],
  ] as const) {
    const client = await open()
    client.write(`${command}\r\n`)
    await client.until(answer)
    client.socket.destroy()
  }
})

/** An answer that starts so, or the end of the connection with a reason in the log. */
async function refused(client: LineClient, ...starts: string[]): Promise<void> {
  const logged = server.log.length
  try {
    for (;;) {
      const line = await client.line()
      if (starts.some((start) => line.startsWith(start))) return
    }
  } catch {
    expect(server.log.length).toBeGreaterThan(logged)
  } finally {
    client.socket.destroy()
  }
}

describe('an unknown command', () => {
  test('SMTP', async () => {
    const client = await smtp()
    client.write('FROBNICATE\r\n')
    expect(await client.line()).toMatch(/^50[02] 5\.5\.[12] /)
    client.socket.destroy()
  })
  test('IMAP', async () => {
    const client = await imap()
    client.write('a FROBNICATE\r\n')
    expect(await client.line()).toMatch(/^a BAD /)
    client.socket.destroy()
  })
  test('POP3', async () => {
    const client = await pop3()
    client.write('FROB\r\n')
    expect(await client.line()).toMatch(/^-ERR/)
    client.socket.destroy()
  })
})

describe('a line of 100 kB', () => {
  const line = `NOOP ${'x'.repeat(100_000)}\r\n`
  test('SMTP', async () => {
    const client = await smtp()
    client.write(line)
    await refused(client, '500 ', '421 ')
  })
  test('IMAP', async () => {
    const client = await imap()
    client.write(`a ${line}`)
    await refused(client, 'a BAD', '* BAD', '* BYE')
  })
  test('POP3', async () => {
    const client = await pop3()
    client.write(line)
    await refused(client, '-ERR')
  })
})

test('IMAP: 10,000 parentheses before login', async () => {
  const client = await imap()
  client.write(`a LOGIN ${'('.repeat(10_000)}\r\n`)
  await refused(client, 'a BAD', '* BAD', '* BYE')
})

test('IMAP: a literal of 4 GB', async () => {
  for (const literal of ['{4294967296}', '{4294967296+}', '{99999999999999999999}']) {
    const client = await imap()
    client.write(`a LOGIN ${literal}\r\n`)
    await refused(client, 'a BAD', 'a NO', '* BAD', '* BYE')
  }
  const client = await imap()
  client.write('a LOGIN alice@example.test secret\r\n')
  await client.until('a OK')
  client.write('b APPEND INBOX {4294967296}\r\n')
  await refused(client, 'b NO', 'b BAD', '* BYE')
})

test('SMTP: bare LF as line end in DATA', async () => {
  const client = await smtp()
  client.write('EHLO test\r\n')
  await client.until('250 ')
  client.write('MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n')
  await client.until('354 ')
  client.write('Subject: smuggle\n\nbody\n.\nMAIL FROM:<evil@example.test>\nRCPT TO:<bob@example.test>\nDATA\n')
  client.write('still the same message\r\n.\r\n')
  expect(await client.line()).toMatch(/^5\d\d 5\./)
  client.write('NOOP\r\n')
  expect(await client.line()).toMatch(/^250 /)
  client.socket.destroy()
})

describe('STARTTLS with bytes behind it', () => {
  test('SMTP', async () => {
    const client = await smtp()
    client.write('EHLO test\r\n')
    await client.until('250 ')
    client.write('STARTTLS\r\nMAIL FROM:<bob@example.test>\r\n')
    expect(await client.end()).not.toContain('250')
  })
  test('IMAP', async () => {
    const client = await imap()
    client.write('a STARTTLS\r\nb LOGIN alice@example.test secret\r\n')
    expect(await client.end()).not.toContain('b OK')
  })
  test('POP3', async () => {
    const client = await pop3()
    client.write('STLS\r\nUSER alice@example.test\r\nPASS secret\r\n')
    const heard = await client.end()
    expect(heard.split('\r\n').filter((line) => line.startsWith('+OK')).length).toBeLessThanOrEqual(1)
  })
})

describe('AUTH with bad base64', () => {
  test('SMTP', async () => {
    const client = await greeted('submission', '220 ')
    client.write('EHLO test\r\n')
    await client.until('250 ')
    client.write('AUTH PLAIN !!!not*base64!!!\r\n')
    expect(await client.line()).toMatch(/^501 5\.5\.2 /)
    client.write('AUTH PLAIN\r\n')
    expect(await client.line()).toMatch(/^334/)
    client.write('=AGE=\r\n')
    expect(await client.line()).toMatch(/^501 5\.5\.2 /)
    client.socket.destroy()
  })
  test('IMAP', async () => {
    const client = await imap()
    client.write('a AUTHENTICATE PLAIN\r\n')
    await client.until('+')
    client.write('!!!\r\n')
    expect((await client.until('a '))[0]).toMatch(/^a (BAD|NO)/)
    client.socket.destroy()
  })
})

test('SMTP: no open relay, and submission asks for a login', async () => {
  const open = await smtp()
  open.write('EHLO test\r\n')
  await open.until('250 ')
  open.write('MAIL FROM:<bob@example.test>\r\nRCPT TO:<someone@elsewhere.example>\r\n')
  await open.line()
  expect(await open.line()).toMatch(/^550 5\.7\.1 /)
  open.socket.destroy()
  const submission = await greeted('submission', '220 ')
  submission.write('EHLO test\r\n')
  await submission.until('250 ')
  submission.write('MAIL FROM:<bob@example.test>\r\n')
  expect(await submission.line()).toMatch(/^530 5\.7\.0 /)
  submission.socket.destroy()
})
