/** Python's imaplib: a client that types commands as they stand in the RFCs and looks at every answer. */
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { ensureInstalled, runProgram } from '../tools.js'
import { type ClientServer, STORES, startServer } from './server.js'

const ready = ensureInstalled(['python3', 'openssl'])
const script = fileURLToPath(new URL('../python/imap_session.py', import.meta.url))

let server: ClientServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

describe.skipIf(!ready).each(STORES)('imaplib, store: %s', (kind) => {
  test.each(['clear', 'starttls', 'tls'])('a session over %s', async (security) => {
    server = await startServer(kind)
    const port = security === 'tls' ? server.imaps : server.imap
    const { code, stdout, stderr } = await runProgram('python3', [script, security, String(port), server.certificate])
    expect(stderr).toBe('')
    expect(stdout.toString()).toBe('done\n')
    expect(code).toBe(0)
    const left = await server.stored('INBOX')
    expect(left.map(({ uid, flags }) => [uid, flags])).toEqual([
      [1, ['\\Flagged', '\\Seen']],
      [3, ['Tag']],
    ])
  })
})
