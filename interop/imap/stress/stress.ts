/**
 * Many clients work in the same mailboxes for some time, each checking all that it hears; then everybody falls silent,
 * and all must believe the same.
 */
import { random } from '../../messages.js'
import { StressClient, type StressOptions } from './client.js'
import { type Common, StateError } from './view.js'

export interface StressPlan {
  readonly port: number
  readonly clients: number
  readonly milliseconds: number
  readonly seed: number
  /** Users by turns, each with the names under which it sees the mailboxes, in the same order. */
  readonly users: readonly { readonly user: string; readonly mailboxes: readonly string[] }[]
}

const MODES = ['plain', 'qresync', 'condstore', 'qresync'] as const

/** Gives how many commands were answered. @throws StateError */
export async function stress(plan: StressPlan): Promise<number> {
  const { port, milliseconds, seed, users } = plan
  const common: Common[] = users.map(() => ({ stamps: new Map(), recent: new Map() }))
  const clients = Array.from({ length: plan.clients }, (_, i) => {
    const { user, mailboxes } = users[i % users.length]
    const draw = random(seed * 1_000 + i)
    const next = (below: number): number => Math.floor(draw() * below)
    const mode: StressOptions['mode'] = MODES[Math.floor(i / users.length) % MODES.length]
    const name = `c${i}x`
    return new StressClient({ port, user, mailboxes, mode, next, common: common[i % users.length], name })
  })
  const end = performance.now() + milliseconds
  let failed = false
  async function work(client: StressClient, i: number): Promise<void> {
    try {
      await client.connect()
      await client.select(users[i % users.length].mailboxes[0])
      while (performance.now() < end && !failed) await client.step()
    } catch (error) {
      failed = true
      throw error
    }
  }
  await Promise.all(clients.map(work))
  for (const [i, { mailboxes }] of users.entries())
    await agree(
      clients.filter((_, at) => at % users.length === i),
      mailboxes,
    )
  for (const client of clients) await client.leave()
  return clients.reduce((sum, { commands }) => sum + commands, 0)
}

/** All clients of a user look at each mailbox: some as they are, some by a resynchronisation, one anew. */
async function agree(clients: readonly StressClient[], mailboxes: readonly string[]): Promise<void> {
  for (const mailbox of mailboxes) {
    const [first, ...others] = clients
    await first.select(mailbox)
    const truth = stateOf(first)
    for (const client of others) {
      if (client.view.mailbox !== mailbox) await client.select(mailbox)
      await client.run('NOOP')
      await client.learn()
      expectSame(client, truth, 'NOOP')
      await client.reselect()
      await client.learn()
      expectSame(client, truth, 'a resynchronisation')
    }
  }
}

function stateOf({ view }: StressClient): string {
  return view.messages.map(({ uid, flags }, i) => `${i + 1} ${uid} (${flags})`).join('\n')
}

function expectSame(client: StressClient, truth: string, after: string): void {
  const believed = stateOf(client)
  if (believed === truth) return
  const [a, b] = [believed.split('\n'), truth.split('\n')]
  const at = a.findIndex((line, i) => line !== b[i])
  throw new StateError(
    `${client.view.mailbox} after ${after}: believed ${a.length} messages, ${a[at]}; there are ${b.length}, ${b[at]}\n${client.said}`,
  )
}
