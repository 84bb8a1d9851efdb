/** Without a resolver of one's own, limits count the questions to Node's. */
import { afterEach, expect, test, vi } from 'vitest'

const asked: string[] = []
vi.mock('node:dns/promises', () => ({
  resolve: async (name: string, type: string) => {
    asked.push(`${type} ${name}`)
    if (name === 'example.org') return [['v=spf1 include:a.example.org -all']]
    throw Object.assign(new Error('none'), { code: 'ENOTFOUND' })
  },
}))

const { verifyMail } = await import('../src/index.js')
const { HELLO, world } = await import('./world.js')

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

test('Node’s resolver is asked, and not more often than it may be', async () => {
  const mx = await world(verifyMail({ limits: { dnsQueries: 1 } }))
  opened.push(mx)
  await mx.send(HELLO)
  expect(asked.sort()).toEqual(['TXT _dmarc.example.org', 'TXT example.org'])
  expect(mx.passed[0].found).toMatchObject({ spf: { result: 'permerror' }, dmarc: { result: 'temperror' } })
})
