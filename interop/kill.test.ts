/** `kill -9` in the middle of deliveries: what was answered `250` is there after the restart, once. */
import { afterAll, describe, expect, test } from 'vitest'
import { typeTo } from './line-client.js'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'
import { random } from './messages.js'

const ROUNDS = Number(process.env.POSTHOUSE_KILL_ROUNDS ?? 4)
const SENDERS = 4

describe('kill -9', () => {
  let server: MailServerProcess | undefined
  afterAll(async () => {
    await server?.stop()
    server?.remove()
  })

  test(`loses nothing that was acknowledged, in ${ROUNDS} rounds`, async () => {
    const next = random(7)
    const acknowledged = new Set<string>()
    const attempted = new Set<string>()
    let data: string | undefined
    for (let round = 0; round < ROUNDS; round++) {
      const running = await startMailServerProcess(data ? { data } : {})
      server = running
      data = running.data
      // Killed after so many acknowledgements of this round, while the other senders are in the middle of theirs.
      const killAt = 5 + Math.floor(next() * 40)
      let answered = 0
      const senders = Array.from({ length: SENDERS }, async (_, sender) => {
        const client = await typeTo(running.ports.smtp)
        try {
          await client.until('220 ')
          client.write('EHLO test\r\n')
          await client.until('250 ')
          for (let n = 0; ; n++) {
            const id = `${round}.${sender}.${n}`
            attempted.add(id)
            client.write(`MAIL FROM:<bob@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n`)
            await client.until('354 ')
            client.write(`X-Id: <${id}>\r\n\r\n${'x'.repeat(60)}\r\n.\r\n`)
            const [reply] = await client.until('250 ')
            expect(reply.startsWith('250 ')).toBe(true)
            acknowledged.add(id)
            if (++answered === killAt) running.process.kill('SIGKILL')
          }
        } catch {
          // The server is gone: that is the point.
        }
      })
      await Promise.all(senders)
      await running.kill().catch(() => {})
    }
    server = await startMailServerProcess(data ? { data } : {})
    const stored = await readIds(server.ports.pop3)
    const counts = new Map<string, number>()
    for (const id of stored) counts.set(id, (counts.get(id) ?? 0) + 1)
    expect([...acknowledged].filter((id) => counts.get(id) !== 1)).toEqual([])
    expect([...counts].filter(([id, count]) => count !== 1 || !attempted.has(id))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 4)
    // A server is started for each round, and a machine that does other work takes eight seconds for that.
  }, 120_000)
})

async function readIds(port: number): Promise<string[]> {
  const client = await typeTo(port)
  await client.until('+OK')
  client.write('USER alice@example.test\r\nPASS secret\r\n')
  await client.until('+OK')
  await client.until('+OK')
  client.write('STAT\r\n')
  const count = Number((await client.line()).split(' ')[1])
  const ids: string[] = []
  for (let number = 1; number <= count; number++) {
    client.write(`TOP ${number} 0\r\n`)
    const lines = await client.until('.')
    const line = lines.find((text) => text.startsWith('X-Id: <')) ?? ''
    ids.push(line.slice('X-Id: <'.length, -1))
  }
  client.write('QUIT\r\n')
  await client.end()
  return ids
}
