/** What an operator does: looks at the state, reloads a certificate, replaces the processes under load. */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { connectSmtp } from '@posthouse/smtp/node'
import { ImapFlow } from 'imapflow'
import { afterEach, expect, test } from 'vitest'
import { type MailServerProcess, startMailServerProcess } from './mail-server.js'

const servers: MailServerProcess[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (server.process.exitCode === null) await server.kill()
    server.remove()
  }
})

async function start(env: Record<string, string> = {}, data?: string): Promise<MailServerProcess> {
  const server = await startMailServerProcess({ env: { POSTHOUSE_STATUS_PORT: '0', ...env }, ...(data && { data }) })
  servers.push(server)
  return server
}

const get = (server: MailServerProcess, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.ports.status}${path}`)

async function deliver(server: MailServerProcess, name: string): Promise<void> {
  await using client = await connectSmtp({ host: '127.0.0.1', port: server.ports.smtp, tls: 'never' })
  const envelope = { reversePath: 'x@example.net', recipients: ['alice@example.test'] }
  await client.send({ envelope, message: new TextEncoder().encode(`Subject: ${name}\r\n\r\n${name}\r\n`) })
}

async function logIn(server: MailServerProcess): Promise<ImapFlow> {
  const auth = { user: 'alice@example.test', pass: 'secret' }
  const tls = { rejectUnauthorized: false }
  const client = new ImapFlow({ host: '127.0.0.1', port: server.ports.imap, secure: false, auth, tls, logger: false })
  await client.connect()
  await client.mailboxOpen('INBOX')
  return client
}

async function certificateOf(server: MailServerProcess): Promise<string> {
  const socket = connectTls({ port: server.ports.imaps, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

/** Resolves when the log has so many lines of an event. */
async function logged(server: MailServerProcess, event: string, count = 1): Promise<void> {
  const has = () => server.log.filter((line) => line.includes(`"event":"${event}"`)).length >= count
  while (!has()) await once(server.process.stderr as NodeJS.ReadableStream, 'data')
}

test('health, readiness and metrics', async () => {
  const server = await start()
  expect(await (await get(server, '/healthz')).text()).toBe('ok\n')
  expect((await get(server, '/readyz')).status).toBe(200)
  expect((await get(server, '/etc/passwd')).status).toBe(404)
  await deliver(server, 'one')
  const client = await logIn(server)
  const metrics = await (await get(server, '/metrics')).text()
  expect(metrics).toContain('posthouse_messages_total{result="accepted"} 1')
  expect(metrics).toContain('posthouse_logins_total{result="succeeded"} 1')
  expect(metrics).toContain('posthouse_connections{listener="imap"} 1')
  await client.logout()
  expect(await server.stop()).toBe(0)
})

test('SIGHUP: new connections get the new certificate, open ones stay', async () => {
  const other = await start()
  const server = await start()
  const client = await logIn(server)
  const before = await certificateOf(server)
  const { copyFileSync } = await import('node:fs')
  for (const name of ['certificate.pem', 'key.pem']) copyFileSync(`${other.data}/${name}`, `${server.data}/${name}`)
  server.process.kill('SIGHUP')
  await logged(server, 'certificate.reloaded')
  const after = await certificateOf(server)
  expect(after).not.toBe(before)
  expect(after).toBe(await certificateOf(other))
  await client.noop()
  await client.logout()
})

test('workers share one store and are replaced under load; nobody is refused, nothing is lost', {
  timeout: 120_000,
}, async () => {
  const server = await start({ POSTHOUSE_WORKERS: '2' })
  const watcher = await logIn(server)
  const wanted = 120
  const seen = new Promise<void>((resolve) => {
    watcher.on('exists', ({ count }) => count === wanted && resolve())
    watcher.on('close', () => resolve())
  })
  const idling = watcher.idle().catch(() => {})
  let next = 0
  const sender = async () => {
    while (next < wanted) await deliver(server, String(next++))
  }
  const senders = [sender(), sender(), sender()]
  await logged(server, 'message.accepted', 20)
  server.process.kill('SIGHUP')
  await Promise.all(senders)
  await logged(server, 'workers.replaced')
  const client = await logIn(server)
  const subjects: string[] = []
  for await (const { envelope } of client.fetch('1:*', { envelope: true })) subjects.push(envelope?.subject ?? '')
  expect(subjects.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: wanted }, (_, i) => i))
  // Whichever worker the watcher had has ended by now, and said goodbye.
  await seen
  await idling
  await client.logout()
  const pids = new Set(server.log.flatMap((line) => /"pid":(\d+).*message\.accepted/.exec(line)?.[1] ?? []))
  expect(pids.size).toBeGreaterThan(1)
  expect(await server.stop()).toBe(0)
})

test('a worker that dies is replaced', async () => {
  const server = await start({ POSTHOUSE_WORKERS: '2' })
  await deliver(server, 'one')
  await logged(server, 'message.accepted')
  const pid = /"pid":(\d+).*message\.accepted/.exec(server.log.join('\n'))?.[1]
  process.kill(Number(pid), 'SIGKILL')
  await logged(server, 'worker.died')
  // The other one goes on meanwhile.
  await deliver(server, 'two')
  const client = await logIn(server)
  expect(client.mailbox).toMatchObject({ exists: 2 })
  await client.logout()
  expect(await server.stop()).toBe(0)
})

test('workers that die just before the end do not trouble it', async () => {
  const server = await start({ POSTHOUSE_WORKERS: '2' })
  const children = readFileSync(`/proc/${server.process.pid}/task/${server.process.pid}/children`, 'utf8')
  const workers = children.trim().split(' ').map(Number)
  expect(workers).toHaveLength(2)
  // While it stands still, its workers die; then it learns of that and of its own end at once.
  server.process.kill('SIGSTOP')
  for (const pid of workers) process.kill(pid, 'SIGKILL')
  const isDead = (pid: number) =>
    readdirSync(`/proc/${pid}/task`).length === 1 && readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  while (!workers.every(isDead)) await setImmediate()
  server.process.kill('SIGTERM')
  server.process.kill('SIGCONT')
  expect(await server.stop()).toBe(0)
})
