/** Steps, taken at one of the two stores; what it answers can be compared with what the other one does. */
import { collectRows, isStoreError, type MessageRow, type Op, type SearchExpr, withShared } from '@posthouse/store-api'
import { listen } from './ears.js'
import { type Box, SIZES } from './ops.js'
import { begin, type FullStore, freshen, idOf, numberOf, type Open, open, outcome, type Side } from './side.js'
import { lightOf, rowOf } from './state.js'
import type { Step } from './steps.js'

/** The op as this side names what is in it. */
function opOf(side: Side, account: string, op: object): Op {
  const named = Object.entries(op).map(([key, value]) => {
    if (typeof value === 'string' && value.startsWith('#')) return [key, idOf(side, account, value as Box)]
    if (key === 'unchangedSince') return [key, (side.base[account] ?? 0) + value]
    return key === 'size' ? ['staged', side.staged[SIZES.indexOf(value)]] : [key, value]
  })
  return Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Op
}

export async function take(side: Side, step: Exclude<Step, { do: 'wait' }>): Promise<unknown> {
  switch (step.do) {
    case 'commit':
      return commit(side, step)
    case 'deliver':
      return deliver(side, step)
    case 'across':
      return across(side, step)
    case 'quota':
      return side.kind.quota('anna', step.bytes, step.messages)
    case 'look':
      return outcome(() => look(side, step))
    case 'remove':
      delete side.kept['ben ben']
      await side.kind.remake('ben')
      return begin(side, 'ben')
    case 'reopen':
      side.ears?.stop()
      await side.kind.reopen()
      side.kept = {}
      side.ears = await listen(side.kind.store)
  }
}

/** Time has passed. */
export async function settle(side: Side): Promise<void> {
  await side.kind.collect()
  await freshen(side)
}

async function commit(side: Side, step: Step & { do: 'commit' }): Promise<unknown> {
  const { account: name, who, ops, key, peer } = step
  const heard = await side.ears?.before(name)
  const done = await outcome(async () => {
    const account = await open(side, name, who, step.kept, peer)
    return account.commit(
      ops.map((op) => opOf(side, name, op)),
      key,
    )
  })
  if (!peer) await heard?.after('code' in done)
  // Of several reasons any may be told.
  if ('code' in done) return ops.length > 1 && done.code !== 'unavailable' ? 'refused' : done
  const results = done.results.map(({ mailbox, uids = [], ...rest }) => {
    const { from, duplicate, modified = [], uidValidity } = rest
    return { mailbox: mailbox && numberOf(side, name, mailbox), uids, from, duplicate, modified, uidValidity }
  })
  // What an op answers that has touched no message is its own affair.
  for (const [i, result] of results.entries())
    if (!['append', 'copy', 'move'].includes((ops[i] as Op | undefined)?.op ?? '')) result.uidValidity = undefined
  return { modseq: done.modseq - (side.base[name] ?? 0), results }
}

async function deliver(side: Side, { to, size, thread }: Step & { do: 'deliver' }): Promise<unknown> {
  const targets = to as Parameters<FullStore['deliver']>[0]['to']
  const staged = side.staged[SIZES.indexOf(size as 0)]!
  const summary = new Uint8Array([5])
  const given = { staged, summary, to: targets, ...(thread && { thread: thread as { ids: []; subject: string } }) }
  const heard = await side.ears?.before('anna')
  const results = await side.kind.store.deliver(given)
  await heard?.after(false)
  return results.map((result, i) => {
    if (result instanceof Error) return isStoreError(result) ? result.code : result
    const { mailbox = '', ...rest } = result
    return { ...rest, mailbox: numberOf(side, targets[i]!.account, mailbox) }
  })
}

/** COPY and MOVE between the guest's own account and what is shared with it. */
async function across(side: Side, { op, fromMine, from, to, uids }: Step & { do: 'across' }): Promise<unknown> {
  const done = await outcome(async () => {
    const account = (await withShared(side.kind.store).open('ben')) as Open
    const infos = await account.mailboxes()
    const find = (mine: boolean, box: Box) => {
      const id = idOf(side, mine ? 'ben' : 'anna', box)
      if (mine) return id
      return infos.find((info) => info.owner === 'anna' && info.id.endsWith(`-${id}`))?.id ?? 'none'
    }
    return account.commit([{ op, from: find(fromMine, from), to: find(!fromMine, to), uids }])
  })
  return 'code' in done ? done : done.results.map(({ from, uids }) => ({ from, uids }))
}

async function look(side: Side, { who, box, back, uids, expr }: Step & { do: 'look' }): Promise<unknown> {
  const account = await open(side, 'anna', who, true)
  const id = idOf(side, 'anna', box)
  // No further back than the beginning, before which the stores differ.
  const since = Math.max((await account.commit([])).modseq - back, side.base.anna ?? 0)
  const light = (row: MessageRow) => lightOf(row, side.base.anna)
  const found = await outcome(() => account.search(id, exprOf(side, expr, since)))
  return {
    some: await outcome(async () =>
      (await collectRows(account.messages(id, { uids }))).map((row) => rowOf(side, 'anna', row)),
    ),
    light: await outcome(async () => (await collectRows(account.messages(id, { uids, light: true }))).map(light)),
    changed: await outcome(async () =>
      (await collectRows(account.messages(id, { since, uids, light: true }))).map(light),
    ),
    vanished: await outcome(() => account.vanished(id, since)),
    found: found && 'rest' in found && found.rest !== null ? 'some' : found,
  }
}

/** Ids and modification sequences as this side has them. */
function exprOf(side: Side, expr: SearchExpr, since: number): SearchExpr {
  const { emails, threads } = side.seen
  if (expr.type === 'and' || expr.type === 'or') return { ...expr, of: expr.of.map((one) => exprOf(side, one, since)) }
  if (expr.type === 'not') return { ...expr, of: exprOf(side, expr.of, since) }
  if (expr.type === 'modseq') return { ...expr, atLeast: since + expr.atLeast }
  if (expr.type !== 'emailId' && expr.type !== 'threadId') return expr
  const names = expr.type === 'emailId' ? emails : threads
  return { ...expr, id: names[Number(expr.id.slice(1))]?.replace('anna ', '') ?? 'none' }
}
