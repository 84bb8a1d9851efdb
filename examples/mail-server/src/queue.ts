/**
 * What waits in the queue, and what is to become of it, while the server runs or not:
 *
 *   npx tsx examples/mail-server/src/queue.ts list|show|hold|release|cancel|status
 */
import { parseArgs } from 'node:util'
import type { Job, JobEngine, JobSelector, JobState } from '@posthouse/relay'
import { openSqliteQueue } from '@posthouse/relay/node'
import { queueFile } from './relay.js'
import { readSettings } from './settings.js'

const USAGE = `usage: queue COMMAND [--message ID] [--job ID] [--domain DOMAIN] [--state waiting|running|held]
  status   how much waits for whom
  list     one line for each job, oldest first
  show     all about the jobs of a message
  hold     keep jobs back
  release  let held jobs go, and try waiting ones at once
  cancel   remove jobs; nobody is told
hold, release and cancel need one of the options, or --all`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    message: { type: 'string' },
    job: { type: 'string' },
    domain: { type: 'string' },
    state: { type: 'string' },
    all: { type: 'boolean' },
  },
})

function selector(): JobSelector {
  const { message, job, domain, state } = values
  return {
    ...(message !== undefined && { message }),
    ...(job !== undefined && { job }),
    // `local` and `route:smarthost` are destinations as well.
    ...(domain !== undefined && { destination: domain.includes('.') ? `domain:${domain.toLowerCase()}` : domain }),
    ...(state !== undefined && { state: state as JobState }),
  }
}

function line({ id, message, destination, state, due, attempts, recipients }: Job): string {
  const from = message.envelope.reversePath ?? '<>'
  const when = state === 'waiting' ? new Date(due).toISOString() : state
  const [{ failure }] = recipients
  const why = failure ? `  (${failure.status} ${failure.text})` : ''
  const to = recipients.map(({ address }) => address).join(',')
  return `${id}  ${message.id}  ${message.size}  ${from} -> ${to}  ${destination}  attempts=${attempts}  ${when}${why}`
}

async function list(engine: JobEngine): Promise<void> {
  let after: string | undefined
  for (;;) {
    const page = await engine.list({ ...selector(), limit: 500, ...(after !== undefined && { after }) })
    for (const job of page) console.log(line(job))
    if (page.length < 500) return
    after = page[page.length - 1].id
  }
}

async function status(engine: JobEngine): Promise<void> {
  const { messages, waiting, running, held, destinations } = await engine.status()
  console.log(`${messages} messages: ${waiting} jobs wait, ${running} run, ${held} are held`)
  for (const one of destinations) {
    const blocked =
      one.blockedUntil === null ? '' : `  not reached; again at ${new Date(one.blockedUntil).toISOString()}`
    console.log(`${one.destination}  waiting=${one.waiting} running=${one.running} held=${one.held}${blocked}`)
  }
}

async function run(engine: JobEngine, command: string | undefined): Promise<void> {
  const changes = command === 'hold' || command === 'release' || command === 'cancel'
  if (changes && Object.keys(selector()).length === 0 && !values.all) throw new Error(USAGE)
  if (command === 'list') return list(engine)
  if (command === 'status') return status(engine)
  if (command === 'show') return console.log(JSON.stringify(await engine.list(selector()), null, 2))
  if (command === 'hold') return console.log(`${await engine.hold(selector())} jobs are held`)
  if (command === 'release') return console.log(`${await engine.release(selector(), Date.now())} jobs are let go`)
  if (command === 'cancel') return console.log(`${await engine.cancel(selector())} jobs are removed`)
  throw new Error(USAGE)
}

const engine = await openSqliteQueue({ path: queueFile(readSettings(process.env).data), thread: false })
try {
  await run(engine, positionals[0])
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
} finally {
  await engine.close()
}
