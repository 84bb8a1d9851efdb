import { parseArgs } from 'node:util'
import type { Job, JobEngine, JobSelector, JobState } from '@posthouse/relay'
import { openSqliteQueue } from '@posthouse/relay/node'
import { queueFile } from './relay.js'

const USAGE = `usage: queue COMMAND [--message ID] [--job ID] [--domain DOMAIN] [--state waiting|running|held]
  status   how much waits for whom
  list     one line for each job, oldest first
  show     all about jobs, as JSON
  hold     keep jobs back
  release  let held jobs go, and try waiting ones at once
  cancel   remove jobs; nobody is told
hold, release and cancel need one of the options, or --all`

type Print = (line: string) => void

/** Runs one command on the queue in a data folder. @throws Error with what was wrong. */
export async function queueCommand(args: readonly string[], data: string, print: Print): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      message: { type: 'string' },
      job: { type: 'string' },
      domain: { type: 'string' },
      state: { type: 'string' },
      all: { type: 'boolean' },
    },
  })
  const [command] = positionals
  const which = selector(values)
  const changes = command === 'hold' || command === 'release' || command === 'cancel'
  if (changes && Object.keys(which).length === 0 && !values.all) throw new Error(USAGE)
  const engine = await openSqliteQueue({ path: queueFile(data), thread: false })
  try {
    if (command === 'list') await list(engine, which, print)
    else if (command === 'status') await status(engine, print)
    else if (command === 'show') print(JSON.stringify(await engine.list(which), null, 2))
    else if (command === 'hold') print(`${await engine.hold(which)} jobs are held`)
    else if (command === 'release') print(`${await engine.release(which, Date.now())} jobs are let go`)
    else if (command === 'cancel') print(`${await engine.cancel(which)} jobs are removed`)
    else throw new Error(USAGE)
  } finally {
    await engine.close()
  }
}

function selector(values: {
  readonly message?: string | undefined
  readonly job?: string | undefined
  readonly domain?: string | undefined
  readonly state?: string | undefined
}): JobSelector {
  const { message, job, domain, state } = values
  if (state !== undefined && !['waiting', 'running', 'held'].includes(state)) throw new Error(USAGE)
  // `local` and `route:smarthost` are destinations as well.
  const destination = domain?.includes('.') ? `domain:${domain.toLowerCase()}` : domain
  return {
    ...(message !== undefined && { message }),
    ...(job !== undefined && { job }),
    ...(destination !== undefined && { destination }),
    ...(state !== undefined && { state: state as JobState }),
  }
}

const PAGE = 500

async function list(engine: JobEngine, which: JobSelector, print: Print): Promise<void> {
  let after = '0'
  for (;;) {
    const page = await engine.list({ ...which, limit: PAGE, after })
    for (const job of page) print(lineOf(job))
    if (page.length < PAGE) return
    after = page[page.length - 1].id
  }
}

function lineOf({ id, message, destination, state, due, attempts, recipients }: Job): string {
  const from = message.envelope.reversePath ?? '<>'
  const when = state === 'waiting' ? new Date(due).toISOString() : state
  const [{ failure }] = recipients
  const why = failure ? `  (${failure.status} ${failure.text})` : ''
  const to = recipients.map(({ address }) => address).join(',')
  return `${id}  ${message.id}  ${message.size}  ${from} -> ${to}  ${destination}  attempts=${attempts}  ${when}${why}`
}

async function status(engine: JobEngine, print: Print): Promise<void> {
  const { messages, waiting, running, held, destinations } = await engine.status()
  print(`${messages} messages: ${waiting} jobs wait, ${running} run, ${held} are held`)
  for (const one of destinations) {
    const again = one.blockedUntil === null ? '' : new Date(one.blockedUntil).toISOString()
    const blocked = again === '' ? '' : `  not reached; again at ${again}`
    print(`${one.destination}  waiting=${one.waiting} running=${one.running} held=${one.held}${blocked}`)
  }
}
