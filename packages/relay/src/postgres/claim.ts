import { limitsOf } from '../queue/limits-of.js'
import type { Claim, ClaimedJob, ClaimOptions, Job, JobState } from '../queue/types.js'
import type { Context, Step } from './connections.js'
import { type DestinationRow, makeLater } from './destinations.js'
import { HELD, RUNNING, RUNNING_TO_HOLD, WAITING } from './schema.js'
import { takeBack, waitAgain } from './take-back.js'

/** Octets of a message that comes with its job. */
const SHORT = 65_536
/** Destinations that are looked at in one step. */
const PAGE = 64
/** Of the jobs of one claim, those that only want a notice: they must not keep others from being delivered. */
const OVERDUE_SHARE = 0.25
/** So many may run while nobody knows whether the destination is there again. */
const PROBES = 1
/** All claims of a cluster take turns: limits are counted and used in one step, and so they are exact. */
const CLAIM_LOCK = 0x706f7374

/** A row of `JOB_COLUMNS`. */
export interface JobRow {
  readonly id: string
  readonly message: string
  readonly destination: string
  readonly state: number
  readonly due: string
  readonly expires: string
  readonly warn: string | null
  readonly attempts: number
  readonly attempted: string | null
  readonly via: string | null
  readonly recipients: Job['recipients']
}

export const JOB_COLUMNS = `j.id, j.message, j.destination, j.state, j.due, j.expires, j.warn, j.attempts, j.attempted, j.via,
  j.recipients`

interface Taken {
  readonly row: JobRow
  readonly destination: Known
  readonly purpose: ClaimedJob['purpose']
  readonly boss: string
}

/** What the claiming machine is at. */
interface Hands {
  readonly jobs: readonly string[]
  readonly bosses: ReadonlySet<string>
}

/** A destination as this claim knows it. */
interface Known extends DestinationRow {
  running: number
  readonly concurrency: number
  /** ms between two jobs; 0: none. */
  readonly pace: number
  /** When the next job may begin, as this claim leaves it. */
  freeAt: number
  /** The claim was full before its turn: it stays in front. */
  missed: boolean
}

/**
 * Takes jobs, in the caller's transaction. `bosses`: which job of pg-boss stands for which job. `hands`: the same of those
 * that the caller is at already, which it is not given a second time, whatever others have taken it for.
 */
export async function claim(
  context: Context,
  step: Step,
  options: ClaimOptions,
  hands: ReadonlyMap<string, string>,
): Promise<Claim & { readonly bosses: ReadonlyMap<string, string> }> {
  const { schema } = context
  const { now, max } = options
  await step.query('SELECT pg_advisory_xact_lock($1)', [CLAIM_LOCK])
  const inHand: Hands = { jobs: [...hands.keys()], bosses: new Set(hands.values()) }
  await takeBack(context, step, inHand.bosses)
  const running = await runningJobs(step, schema)
  const known = new Map<string, Known>()
  const know = (rows: readonly Record<string, unknown>[]): void => {
    for (const row of rows)
      if (!known.has(row.key as string)) known.set(row.key as string, knownOf(row, running, options))
  }
  const taken: Taken[] = []
  await takeOverdue(step, schema, options, inHand, know, known, taken)
  await takeDue(step, schema, options, inHand, know, known, running, taken)
  if (taken.length > 0) await handOut(context, step, taken, now, inHand)
  await savePaces(step, schema, known)
  const seen = [...known.values()].filter(({ missed }) => !missed)
  await makeLater(
    step,
    schema,
    seen.map(({ key }) => key),
    now,
  )
  const messages = await messagesOf(step, schema, taken)
  const jobs = taken.flatMap((one) => claimedJob(one, messages.get(one.row.message), now) ?? [])
  return {
    jobs,
    next: jobs.length < max ? await nextTime(step, schema, now) : now,
    bosses: new Map(taken.map(({ row, boss }) => [row.id, boss])),
  }
}

async function runningJobs(step: Step, schema: string): Promise<ReadonlyMap<string, number>> {
  const { rows } = await step.query(
    `SELECT destination, count(*)::int AS count FROM ${schema}.job WHERE state IN (${RUNNING}, ${RUNNING_TO_HOLD}) GROUP BY 1`,
  )
  return new Map(rows.map(({ destination, count }) => [destination, count]))
}

function knownOf(
  row: Record<string, unknown>,
  running: ReadonlyMap<string, number>,
  { byDestination, limits }: ClaimOptions,
): Known {
  const key = row.key as string
  const { concurrency, perMinute } = limitsOf(key, byDestination, limits)
  return {
    ...{ key, failures: row.failures as number, blocked: Number(row.blocked), free: Number(row.free) },
    failure: row.failure as Known['failure'],
    ...{ running: running.get(key) ?? 0, concurrency, freeAt: Number(row.free), missed: false },
    pace: perMinute === null ? 0 : Math.ceil(60_000 / perMinute),
  }
}

/** Jobs that may begin now. */
function roomOf({ failures, concurrency, running, pace, freeAt, blocked }: Known, now: number): number {
  if (blocked > now || freeAt > now) return 0
  const slots = failures > 0 ? Math.min(PROBES, concurrency) : concurrency
  return Math.max(0, Math.min(slots - running, pace > 0 ? 1 : Number.POSITIVE_INFINITY))
}

function begin(row: JobRow, destination: Known, purpose: Taken['purpose'], now: number): Taken {
  destination.running++
  if (purpose === 'deliver' && destination.pace > 0)
    destination.freeAt = Math.max(now, destination.freeAt) + destination.pace
  return { row, destination, purpose, boss: crypto.randomUUID() }
}

type Know = (rows: readonly Record<string, unknown>[]) => void

/** Jobs that expire, or whose sender wants to be warned. */
async function takeOverdue(
  step: Step,
  schema: string,
  { now, max }: ClaimOptions,
  hands: Hands,
  know: Know,
  known: ReadonlyMap<string, Known>,
  taken: Taken[],
): Promise<void> {
  const { rows } = await step.query(
    `SELECT ${JOB_COLUMNS} FROM ${schema}.job j WHERE j.state = ${WAITING} AND j.alarm >= 0 AND j.alarm <= $1
     AND NOT j.id = ANY($3::bigint[]) ORDER BY j.alarm LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [now, Math.max(1, Math.floor(max * OVERDUE_SHARE)), hands.jobs],
  )
  if (rows.length === 0) return
  const found = await step.query(`SELECT * FROM ${schema}.destination WHERE key = ANY($1)`, [
    rows.map(({ destination }) => destination),
  ])
  know(found.rows)
  for (const row of rows as JobRow[]) {
    const destination = known.get(row.destination)
    if (!destination) continue
    // Before its first try it waits for the time that was asked for (RFC 4865), and is only reported.
    const early = row.attempts === 0 && Number(row.due) > now
    // Nobody gives up without a last try where there can be one.
    taken.push(begin(row, destination, roomOf(destination, now) > 0 && !early ? 'deliver' : 'overdue', now))
  }
}

async function takeDue(
  step: Step,
  schema: string,
  options: ClaimOptions,
  hands: Hands,
  know: Know,
  known: ReadonlyMap<string, Known>,
  running: ReadonlyMap<string, number>,
  taken: Taken[],
): Promise<void> {
  const { now, max } = options
  // Those with as many as may run stay ready, and are not looked at.
  const passed = [...running].flatMap(([key, count]) => {
    return count >= limitsOf(key, options.byDestination, options.limits).concurrency ? [key] : []
  })
  while (taken.length < max) {
    const { rows: ready } = await step.query(
      `SELECT * FROM ${schema}.destination WHERE ready <= $1 AND NOT key = ANY($2) ORDER BY ready LIMIT ${PAGE}`,
      [now, passed],
    )
    if (ready.length === 0) return
    know(ready)
    const open = ready.flatMap(({ key }) => {
      const destination = known.get(key as string) as Known
      passed.push(destination.key)
      const room = Math.min(roomOf(destination, now), max)
      return room > 0 ? [{ destination, room }] : []
    })
    if (open.length === 0) continue
    const left = max - taken.length
    const { rows } = await step.query(
      `SELECT j.* FROM unnest($1::text[], $2::int[]) d(key, room) CROSS JOIN LATERAL (
         SELECT ${JOB_COLUMNS} FROM ${schema}.job j WHERE j.destination = d.key AND j.state = ${WAITING} AND j.due <= $3
         AND NOT j.id = ANY($5::bigint[]) ORDER BY j.due LIMIT d.room FOR UPDATE SKIP LOCKED
       ) j LIMIT $4`,
      [open.map(({ destination }) => destination.key), open.map(({ room }) => room), now, left, hands.jobs],
    )
    const before = new Set(taken.map(({ row }) => row.id))
    for (const { destination } of open) destination.missed = rows.length === left
    for (const row of rows as JobRow[]) {
      const destination = known.get(row.destination) as Known
      destination.missed = false
      if (!before.has(row.id)) taken.push(begin(row, destination, 'deliver', now))
    }
  }
}

/** Writes down who is at work, and lets pg-boss watch over it. */
async function handOut(
  context: Context,
  step: Step,
  taken: readonly Taken[],
  now: number,
  hands: Hands,
): Promise<void> {
  const { boss, queue, schema } = context
  await step.query(
    `UPDATE ${schema}.job j SET state = ${RUNNING}, boss = t.boss, attempts = j.attempts + t.attempt,
       attempted = CASE t.attempt WHEN 1 THEN $4 ELSE j.attempted END
     FROM unnest($1::bigint[], $2::uuid[], $3::int[]) t(id, boss, attempt) WHERE j.id = t.id`,
    [
      taken.map(({ row }) => row.id),
      taken.map((one) => one.boss),
      taken.map(({ purpose }) => (purpose === 'deliver' ? 1 : 0)),
      now,
    ],
  )
  await boss.insert(queue, taken.map((one) => ({ id: one.boss, data: { job: one.row.id } })) as never[], {
    db: step.db,
  })
  const ours = new Set(taken.map((one) => one.boss))
  while (ours.size > 0) {
    const fetched = await boss.fetch(queue, { db: step.db, batchSize: ours.size })
    if (fetched.length === 0) throw new Error('pg-boss does not hand out what it was given')
    const others = fetched.map(({ id }) => id as string).filter((id) => !ours.delete(id) && !hands.bosses.has(id))
    // A machine was given up this very moment: its jobs are taken next time.
    if (others.length > 0) await waitAgain(context, step, others)
  }
}

async function savePaces(step: Step, schema: string, known: ReadonlyMap<string, Known>): Promise<void> {
  const changed = [...known.values()].filter(({ free, freeAt }) => freeAt !== free)
  if (changed.length === 0) return
  await step.query(
    `UPDATE ${schema}.destination d SET free = GREATEST(d.free, c.free)
     FROM unnest($1::text[], $2::bigint[]) c(key, free) WHERE d.key = c.key`,
    [changed.map(({ key }) => key), changed.map(({ freeAt }) => freeAt)],
  )
}

interface MessageRow {
  readonly id: string
  readonly size: string
  readonly arrived: string
  readonly envelope: ClaimedJob['message']['envelope']
  /** All of them, where the message is short. */
  readonly octets: Uint8Array | null
}

async function messagesOf(
  step: Step,
  schema: string,
  taken: readonly Taken[],
): Promise<ReadonlyMap<string, MessageRow>> {
  if (taken.length === 0) return new Map()
  const { rows } = await step.query(
    `SELECT m.id, m.size, m.arrived, m.envelope, c.octets FROM ${schema}.message m
     LEFT JOIN ${schema}.chunk c ON c.message = m.id AND c.number = 0 AND m.size <= ${SHORT} WHERE m.id = ANY($1)`,
    [[...new Set(taken.map(({ row }) => row.message))]],
  )
  return new Map((rows as MessageRow[]).map((row) => [row.id, row]))
}

function claimedJob(
  { row, destination, purpose }: Taken,
  message: MessageRow | undefined,
  now: number,
): ClaimedJob | null {
  if (!message) return null
  const { failures, failure } = destination
  const attempts = row.attempts + (purpose === 'deliver' ? 1 : 0)
  return {
    ...jobOf(row, message),
    ...{ state: 'running', purpose, attempts, failures },
    ...(purpose === 'deliver' && { attempted: now }),
    blocked: failures > 0 ? (failure as ClaimedJob['blocked']) : null,
    octets: purpose === 'deliver' ? message.octets : null,
  }
}

async function nextTime(step: Step, schema: string, now: number): Promise<number | null> {
  const { rows } = await step.query(
    `SELECT LEAST((SELECT ready FROM ${schema}.destination WHERE ready > $1 ORDER BY ready LIMIT 1),
       (SELECT alarm FROM ${schema}.job WHERE state = ${WAITING} AND alarm >= 0 AND alarm > $1 ORDER BY alarm LIMIT 1)
     ) AS next`,
    [now],
  )
  return rows[0].next === null ? null : Number(rows[0].next)
}

/** A row of `JOB_COLUMNS` with its message as a job. */
export function jobOf(row: JobRow, message: Omit<MessageRow, 'octets'>): Job {
  const { id, destination, state, due, expires, warn, attempts, attempted, via, recipients } = row
  return {
    ...{ id, destination, attempts, via, recipients, state: stateOf(state) },
    ...{ due: Number(due), expires: Number(expires), warnAt: warn === null ? null : Number(warn) },
    attempted: attempted === null ? null : Number(attempted),
    message: {
      id: message.id,
      size: Number(message.size),
      arrived: Number(message.arrived),
      envelope: message.envelope,
    },
  }
}

function stateOf(state: number): JobState {
  if (state === WAITING) return 'waiting'
  return state === HELD ? 'held' : 'running'
}
