/** Longer, with other seeds or against Dovecot: `npx tsx interop/imap/stress/run.ts --seconds 300 --clients 10`. */
import { expect, test } from 'vitest'
import { startStressServer } from './servers.js'
import { stress } from './stress.js'

const MILLISECONDS = 2_500

test.each([
  ['memory', 1],
  ['memory', 2],
  ['sqlite', 3],
] as const)('ten clients in two shared mailboxes, over %s (seed %i)', async (kind, seed) => {
  const server = await startStressServer(kind)
  try {
    const commands = await stress({ ...server, clients: 10, milliseconds: MILLISECONDS, seed })
    expect(commands).toBeGreaterThan(200)
  } finally {
    await server.stop()
  }
})
