/** The blocks of README.md run: each stands below as it is there. */
import { createSmtpServer } from '@posthouse/smtp'
import { listen } from '@posthouse/wire/node'
import { playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { expect, test, vi } from 'vitest'
import { squeeze, squeezedCode, typescriptBlocks } from '../../../scripts/readme.js'

test('every block of README.md is executed here', async () => {
  const ours = squeezedCode(new URL(import.meta.url))
  const blocks = typescriptBlocks(new URL('../README.md', import.meta.url))
  expect(blocks).toHaveLength(2)
  for (const block of blocks) expect(ours).toContain(squeeze(block))

  const console = { log: vi.fn() }
  const server = createSmtpServer({ hostname: 'mx.example.org', handlers: [] })
  const listening = await listen(server, { port: 0 })
  console.log(listening.port)
  await listening.close() // sessions finish, sockets are awaited
  expect(console.log).toHaveBeenCalledWith(expect.any(Number))

  await playTranscriptAtAllCuts(
    () => server,
    `
  S: 220 mx.example.org {*}
  C: EHLO client.example
  S: 250-mx.example.org
  S: ...
  S: 250 {*}
  C: QUIT
  S: 221 {*}
  -- closed --`,
  )
})
