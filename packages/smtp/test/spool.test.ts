import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Source } from '@posthouse/store-api'
import { concat, latin1 } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSmtpServer, memorySpool, replies, type SmtpHandler, type Spool } from '../src/index.js'
import { fileSpool } from '../src/node/index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posthouse-spool-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function text(source: Source): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece.slice())
  return latin1(concat(pieces))
}

const BODY = `Subject: x\r\n\r\n${'0123456789'.repeat(20)}\r\n`

function send(answer: string): string {
  return `
    S: 220 mx.example.org ESMTP
    C: EHLO x
    S: ...
    S: 250 {*}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 {*}
    S: 250 {*}
    S: 354 {*}
    C~ ${BODY.replaceAll('\r\n', '\\r\\n')}.\\r\\n
    S: ${answer}
  `
}

describe.each([
  ['memory', () => memorySpool],
  ['files', () => fileSpool({ folder, memory: 100 })],
  ['files, for messages that stay in memory', () => fileSpool({ folder, memory: 10_000 })],
] as [string, () => Spool][])('a spool in %s', (_name, make) => {
  test('several handlers read a message in ranges, again and again', async () => {
    const seen: string[] = []
    const look = (start: number, end?: number): SmtpHandler => ({
      needs: ['octets'],
      async message(message) {
        seen.push(await text(message.read(end === undefined ? { start } : { start, end })))
      },
    })
    const accept: SmtpHandler = { message: () => replies.accepted() }
    const handlers = [look(0), look(9, 10), look(200, 10_000), look(5_000), look(0), accept]
    const server = createSmtpServer({ hostname: 'mx.example.org', spool: make(), handlers })
    await playTranscript(server, send('250 2.0.0 Message accepted'), {
      cut: (bytes) => [...bytes].map((b) => Uint8Array.of(b)),
    })
    expect(seen).toEqual([BODY, 'x', BODY.slice(200), '', BODY])
    await expect.poll(() => readdir(folder)).toEqual([])
  })

  test('nothing is left of a message that is refused', async () => {
    const server = createSmtpServer({
      hostname: 'mx.example.org',
      spool: make(),
      limits: { messageSize: 150 },
      handlers: [{ needs: ['octets'], message: () => replies.accepted() }],
    })
    await playTranscript(server, send('552 5.3.4 Message bigger than 150 octets'), { cut: 'octets' })
    await expect.poll(() => readdir(folder)).toEqual([])
  })
})

test.skipIf(process.platform === 'win32')(
  'a file has no name: nothing is left of it when the process dies',
  async () => {
    const seen: unknown[] = []
    const server = createSmtpServer({
      hostname: 'mx.example.org',
      spool: fileSpool({ folder, memory: 0 }),
      handlers: [
        {
          needs: ['octets'],
          async message(message) {
            seen.push(await readdir(folder), await text(message.read()))
            return replies.accepted()
          },
        },
      ],
    })
    await playTranscript(server, send('250 {*}'))
    expect(seen).toEqual([[], BODY])
  },
)

test('a folder that is not there: 451, and the connection goes on', async () => {
  const logged: string[] = []
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    spool: fileSpool({ folder: join(folder, 'missing'), memory: 0 }),
    handlers: [{ needs: ['octets'], message: () => replies.accepted() }],
    log: ({ error }) => error && logged.push((error as { code: string }).code),
  })
  await playTranscript(
    server,
    `${send('451 4.3.0 Local problem; try again later')}
    C: NOOP
    S: 250 2.0.0 OK
  `,
  )
  expect(logged).toEqual(['ENOENT'])
})

test('octets() of a message in a file says what to do instead', async () => {
  let said = ''
  const server = createSmtpServer({
    hostname: 'mx.example.org',
    spool: fileSpool({ folder, memory: 0 }),
    handlers: [
      {
        needs: ['octets'],
        message({ octets }) {
          try {
            octets()
          } catch (error) {
            said = String(error)
          }
          return replies.accepted()
        },
      },
    ],
  })
  await playTranscript(server, send('250 {*}'))
  expect(said).toBe(`Error: this message of ${BODY.length} octets is in a file: use read()`)
})
