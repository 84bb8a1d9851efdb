import { createPop3Server } from '@posthouse/pop3'
import { listen } from '@posthouse/pop3/node'
import { createMemoryStore } from '@posthouse/store-api'
import { expect, test } from 'vitest'
import { ensureInstalled, runProgram } from './tools.js'

const COUNT = 1_000
const text = (i: number): string => `Subject: ${i}\r\n\r\n.\r\n..two\r\nline ${i}\r\n`

async function serve() {
  const store = createMemoryStore()
  store.addAccount('alice')
  for (let i = 0; i < COUNT; i++) {
    const staged = await store.stage([Buffer.from(text(i))])
    await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'alice', dedup: String(i) }] })
  }
  const authenticate = (user: string, password: string) => (password === 'secret' ? user : null)
  const listening = await listen(createPop3Server({ store, authenticate }), { port: 0 })
  return { store, listening }
}

const SCRIPT = `
import poplib, sys
pop = poplib.POP3('127.0.0.1', int(sys.argv[1]), timeout=60)
pop.user('alice'); pop.pass_('secret')
count = pop.stat()[0]
ids = set(line.split()[1] for line in pop.uidl()[1])
assert len(ids) == count, 'unique-ids are not unique'
for i in range(1, count + 1):
    lines = pop.retr(i)[1]
    assert lines[2:4] == [b'.', b'..two'], lines
    pop.dele(i)
if sys.argv[2] == 'quit': pop.quit()
else: pop.close()
print(count)
`

test.skipIf(!ensureInstalled(['python3']))('poplib: a broken session deletes nothing, QUIT everything', async () => {
  const { listening } = await serve()
  const drain = (how: string) => runProgram('python3', ['-c', SCRIPT, String(listening.port), how])
  for (const [how, count] of [
    ['break', COUNT],
    ['quit', COUNT],
    ['quit', 0],
  ] as const) {
    const { stdout, stderr } = await drain(how)
    expect(stderr).toBe('')
    expect(stdout.toString().trim()).toBe(String(count))
  }
  await listening.close()
})

test.skipIf(!ensureInstalled(['curl']))('curl reads a message byte for byte', async () => {
  const { listening } = await serve()
  const url = `pop3://127.0.0.1:${listening.port}/7`
  const { stdout } = await runProgram('curl', ['-s', '-u', 'alice:secret', url])
  expect(stdout.toString('latin1')).toBe(text(6))
  await listening.close()
})
