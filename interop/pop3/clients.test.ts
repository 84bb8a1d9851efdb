/** Real clients drain a mailbox of 10,000 messages, with and without deleting, and as two devices. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPop3Server } from '@posthouse/pop3'
import { connectPop3, type Listening, listen } from '@posthouse/pop3/node'
import { createMemoryStore } from '@posthouse/store-api'
import Pop3Command from 'node-pop3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureInstalled, runProgram } from '../tools.js'

const MANY = 10_000
const getmail = fileURLToPath(new URL('../python/getmail_waits.py', import.meta.url))
const text = (i: number): string => `From: a@example.test\r\nSubject: ${i}\r\n\r\n.\r\n..two\r\nline ${i}\r\n`

// The clients wait for the disk after each message; theirs is not what is tested here.
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(memory, 'posthouse-pop3-'))
})
const open: Listening[] = []
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close({ force: true })
  rmSync(folder, { recursive: true, force: true })
})

async function serve(count: number) {
  const store = createMemoryStore()
  store.addAccount('alice')
  const deliver = async (i: number): Promise<void> => {
    const staged = await store.stage([Buffer.from(text(i))])
    await store.deliver({ staged, summary: new Uint8Array(0), to: [{ account: 'alice', dedup: String(i) }] })
  }
  for (let i = 0; i < count; i++) await deliver(i)
  const authenticate = (user: string, password: string) => (password === 'secret' ? user : null)
  const listening = await listen(createPop3Server({ store, authenticate }), { port: 0 })
  open.push(listening)
  const account = await store.open('alice')
  return { port: listening.port, deliver, left: async () => (await account.mailboxes())[0].messages }
}

/** Bodies in mbox or maildir files, in the order of their lines. */
function lines(found: string): string[] {
  return (found.match(/^line \d+$/gm) ?? []).sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
}

const wanted = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `line ${from + i}`)

describe('poplib', () => {
  const SCRIPT = `
import poplib, sys
pop = poplib.POP3('127.0.0.1', int(sys.argv[1]), timeout=60)
pop.user('alice'); pop.pass_('secret')
count = pop.stat()[0]
ids = set(line.split()[1] for line in pop.uidl()[1])
assert len(ids) == count, 'unique-ids are not unique'
for i in range(1, count + 1):
    lines = pop.retr(i)[1]
    assert lines[3:5] == [b'.', b'..two'], lines
    pop.dele(i)
if sys.argv[2] == 'quit': pop.quit()
else: pop.close()
print(count)
`

  test.skipIf(!ensureInstalled(['python3']))('a broken session deletes nothing, QUIT everything', async () => {
    const { port } = await serve(MANY)
    for (const [how, count] of [
      ['break', MANY],
      ['quit', MANY],
      ['quit', 0],
    ] as const) {
      const { stdout, stderr } = await runProgram('python3', ['-c', SCRIPT, String(port), how])
      expect(stderr).toBe('')
      expect(stdout.toString().trim()).toBe(String(count))
    }
  })
})

test.skipIf(!ensureInstalled(['curl']))('curl reads a message byte for byte', async () => {
  const { port } = await serve(10)
  const { stdout } = await runProgram('curl', ['-s', '-u', 'alice:secret', `pop3://127.0.0.1:${port}/7`])
  expect(stdout.toString('latin1')).toBe(text(6))
})

describe.skipIf(!ensureInstalled(['fetchmail']))('fetchmail', () => {
  /** Into one file: `fetchmail` hands every message to this command. */
  function fetch(port: number, options: string): Promise<{ code: number; stderr: string }> {
    const config = join(folder, 'fetchmailrc')
    writeFileSync(
      config,
      `poll 127.0.0.1 protocol POP3 port ${port} uidl
  user "alice" password "secret" ${options} sslproto ''
  mda "cat >> ${join(folder, 'mbox')}"\n`,
      { mode: 0o600 },
    )
    const args = ['-f', config, '-i', join(folder, 'ids'), '--pidfile', join(folder, 'pid'), '--nodetach', '-d0']
    return runProgram('fetchmail', args, { env: { HOME: folder } })
  }
  const found = (): string[] => lines(readFileSync(join(folder, 'mbox'), 'latin1').replaceAll('\r', ''))

  test('keeps, and fetches only what is new the next time', async () => {
    const server = await serve(300)
    expect((await fetch(server.port, 'keep')).code).toBe(0)
    expect(found()).toEqual(wanted(0, 300))
    for (let i = 300; i < 303; i++) await server.deliver(i)
    expect((await fetch(server.port, 'keep')).code).toBe(0)
    expect(found()).toEqual(wanted(0, 303))
    expect(await server.left()).toBe(303)
  })

  test('drains', async () => {
    const server = await serve(300)
    expect((await fetch(server.port, 'nokeep fetchall')).code).toBe(0)
    expect(found()).toEqual(wanted(0, 300))
    expect(await server.left()).toBe(0)
  })
})

describe.skipIf(!ensureInstalled(['mpop']))('mpop', () => {
  function fetch(port: number, device: string, keep: boolean): Promise<{ code: number; stderr: string }> {
    const args = ['--host=127.0.0.1', `--port=${port}`, '--user=alice', '--passwordeval=echo secret', '--tls=off']
    const files = [`--uidls-file=${join(folder, `${device}.ids`)}`, `--delivery=mbox,${join(folder, device)}`]
    return runProgram('mpop', [...args, ...files, '--auth=plain', `--keep=${keep ? 'on' : 'off'}`, '-q'], {
      env: { HOME: folder },
    })
  }
  const found = (device: string): string[] => lines(readFileSync(join(folder, device), 'latin1'))

  test('two devices each see every message once; the one that deletes does it for both', async () => {
    const server = await serve(MANY)
    expect(await fetch(server.port, 'phone', true)).toMatchObject({ code: 0, stderr: '' })
    await server.deliver(MANY)
    expect(await fetch(server.port, 'phone', true)).toMatchObject({ code: 0, stderr: '' })
    expect(await fetch(server.port, 'desk', false)).toMatchObject({ code: 0, stderr: '' })
    expect(found('phone')).toEqual(wanted(0, MANY + 1))
    expect(found('desk')).toEqual(wanted(0, MANY + 1))
    expect(await server.left()).toBe(0)
  })
})

describe.skipIf(!ensureInstalled(['getmail6']))('getmail', () => {
  test('into a maildir, then nothing new, then deleted', async () => {
    // It starts a process for each message.
    const server = await serve(60)
    const maildir = join(folder, 'maildir')
    await runProgram('mkdir', ['-p', ...['cur', 'new', 'tmp'].map((name) => join(maildir, name))])
    // It refuses to deliver as root.
    await runProgram('chown', ['-R', 'nobody', folder])
    const fetch = (remove: boolean) => {
      const config = `[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = ${server.port}
username = alice\npassword = secret\n[destination]\ntype = Maildir\npath = ${maildir}/\nuser = nobody
[options]\nread_all = false\ndelete = ${remove}\ndelivered_to = false\nreceived = false\n`
      writeFileSync(join(folder, 'getmailrc'), config)
      // Debian's Python, which has its modules.
      return runProgram(
        '/usr/bin/python3',
        [getmail, '--getmaildir', folder, '--rcfile', join(folder, 'getmailrc'), '-q'],
        {
          env: { HOME: folder },
        },
      )
    }
    const found = (): string[] =>
      lines(
        readdirSync(join(maildir, 'new'))
          .map((name) => readFileSync(join(maildir, 'new', name), 'latin1'))
          .join(''),
      )
    expect(await fetch(false)).toMatchObject({ code: 0 })
    expect(found()).toEqual(wanted(0, 60))
    await server.deliver(60)
    expect(await fetch(true)).toMatchObject({ code: 0 })
    expect(found()).toEqual(wanted(0, 61))
    expect(await server.left()).toBe(0)
  })
})

test('node-pop3 lists and reads', async () => {
  const { port } = await serve(MANY)
  const pop3 = new Pop3Command({ user: 'alice', password: 'secret', host: '127.0.0.1', port, timeout: 60_000 })
  expect((await pop3.UIDL()).length).toBe(MANY)
  // It leaves added dots in, and the last line end out.
  const wanted = (i: number): string => text(i).replaceAll('\n.', '\n..').slice(0, -2)
  for (const i of [1, 5000, MANY]) expect(await pop3.RETR(i)).toBe(wanted(i - 1))
  await pop3.QUIT()
})

test('our own client drains', async () => {
  const server = await serve(MANY)
  const credentials = { user: 'alice', password: 'secret' }
  await using pop3 = await connectPop3({ host: '127.0.0.1', port: server.port, tls: 'never', credentials })
  const numbers: number[] = []
  for (const { number } of await pop3.uidl()) {
    const octets: Uint8Array[] = []
    for await (const piece of pop3.retrieve(number)) octets.push(piece)
    expect(Buffer.concat(octets).toString('latin1')).toBe(text(number - 1))
    numbers.push(number)
  }
  await pop3.delete(...numbers)
  await pop3.quit()
  expect(await server.left()).toBe(0)
})
