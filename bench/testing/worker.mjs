// One server in one process. `cold`: import, the first start, the first message. `warm`: the same thing over and over.
// `serve`: for a load generator, and to look at its memory.
import { openClient } from './client.mjs'
import { SERVERS } from './servers.mjs'

const [, , what, name, peers] = process.argv
const address = (i) => `inbox-${i}@mail.test`

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

async function timed(act) {
  const before = performance.now()
  const value = await act()
  return { value, ms: performance.now() - before }
}

async function cold() {
  const imported = await timed(() => SERVERS[name](peers))
  const started = await timed(imported.value)
  const first = await timed(async () => {
    const client = await openClient(started.value.port)
    await Promise.all([started.value.waitFor(address(0)), client.send(address(0))])
  })
  return { import: imported.ms, start: started.ms, first: first.ms }
}

/** ms until it is closed while five clients are attached; a second is as long as anybody waits. */
async function closing(server) {
  const clients = await Promise.all(Array.from({ length: 5 }, () => openClient(server.port)))
  const { ms } = await timed(() =>
    Promise.race([server.close(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]),
  )
  for (const client of clients) client.destroy()
  return ms
}

/** How long after its 250 a message is in the hands of who waits for it, and how long sending and waiting takes. */
async function latencies(server) {
  const client = await openClient(server.port)
  const behind = []
  const whole = []
  for (let i = 0; i < 600; i++) {
    const before = performance.now()
    const waiting = server.waitFor(address(i)).then(() => performance.now())
    const accepted = await client.send(address(i))
    const received = await waiting
    if (i < 100) continue
    behind.push(received - accepted)
    whole.push(performance.now() - before)
  }
  await client.close()
  return { behind: median(behind), whole: median(whole) }
}

/** 1,000 tests at once, each with an address of its own, and 20 connections of an app. */
async function inboxes(server) {
  const clients = await Promise.all(Array.from({ length: 20 }, () => openClient(server.port)))
  const { ms } = await timed(async () => {
    const waits = Array.from({ length: 1_000 }, (_, i) => server.waitFor(address(i)))
    await Promise.all(
      clients.map(async (client, first) => {
        for (let i = first; i < 1_000; i += clients.length) await client.send(address(i))
      }),
    )
    await Promise.all(waits)
  })
  await Promise.all(clients.map((client) => client.close()))
  return ms
}

async function hundred(start) {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  const { value: servers, ms } = await timed(() => Promise.all(Array.from({ length: 100 }, () => start())))
  const rss = process.memoryUsage.rss() - before
  if (new Set(servers.map(({ port }) => port)).size !== 100) throw new Error('not 100 servers')
  const { ms: closed } = await timed(() => Promise.all(servers.map((server) => server.close())))
  return { ms, rss, closed }
}

async function warm() {
  const start = await SERVERS[name](peers)
  const server = await start()
  const latency = await latencies(server)
  await server.close()
  const starts = []
  const closes = []
  for (let i = 0; i < 15; i++) {
    const { value, ms } = await timed(start)
    starts.push(ms)
    closes.push(i < 3 ? await closing(value) : (await timed(() => value.close())).ms)
  }
  const shared = await start()
  const parallel = await inboxes(shared)
  await shared.close()
  return {
    ...latency,
    parallel,
    start: median(starts),
    close: median(closes.slice(3)),
    attached: median(closes.slice(0, 3)),
    hundred: await hundred(start),
  }
}

if (what === 'serve') {
  const { port } = await (await SERVERS[name](peers))()
  console.log(`ready ${port}`)
  process.on('SIGTERM', () => process.exit(0))
} else {
  console.log(JSON.stringify(await (what === 'cold' ? cold() : warm())))
  process.exit(0)
}
