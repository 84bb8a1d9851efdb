/** What runs in a process that is going to be killed, and what must be true of the store after it. */
import type { Account, MailStore } from '../types.js'
import { type CheckContext, expectRecount, mail, summary, text } from './context.js'
import { expect, fail } from './failure.js'

const messages = 40

/**
 * Appends, expunges and moves in an account, and says each thing that the store has confirmed. Run it in the process
 * that `TestStore.crash` kills; `acknowledge` has to get its line out of the process before it returns (a synchronous
 * write to a pipe or a file), because the next step may be the last.
 */
export async function crashScenario(
  store: MailStore,
  account: string,
  acknowledge: (line: string) => void,
): Promise<void> {
  const open = await store.open(account)
  const inbox = (await open.mailboxes()).find(({ path }) => path[0] === 'INBOX')!.id
  for (let i = 0; i < messages; i++) {
    const staged = await open.stage!([text(mail(`crash ${i}`))])
    const append = { op: 'append', to: inbox, staged, summary, flags: 0, dedup: `crash-${i}` } as const
    const { results } = await open.commit!([append])
    const uid = results[0]!.uids![0]![0]
    acknowledge(`kept ${i} ${uid}`)
    if (i % 3 !== 2) continue
    // From here to the answer nobody knows whether the message is there.
    acknowledge(`doomed ${i} ${uid}`)
    await open.commit!([{ op: 'expunge', in: inbox, uids: [[uid, uid]], onlyDeleted: false }])
    acknowledge(`gone ${i} ${uid}`)
  }
  await open.close?.()
}

/** Nothing confirmed is missing, doubled or torn; nothing expunged is back; the counters are right. */
export async function expectSurvived(t: CheckContext, on: Account, acknowledged: readonly string[]): Promise<void> {
  const fate = new Map<number, string>()
  for (const line of acknowledged) {
    const [what, number] = line.split(' ')
    fate.set(Number(number), what!)
  }
  const { id, uidNext } = await t.inbox(on)
  const found = new Map<string, number>()
  for (const row of await t.rows(id, {}, on)) {
    const octets = await t.octets(row, on)
    expect(octets.length === row.size, `UID ${row.uid} has ${octets.length} octets, its size says ${row.size}`)
    const content = new TextDecoder().decode(octets)
    found.set(content, (found.get(content) ?? 0) + 1)
  }
  for (const [number, what] of fate) {
    const copies = found.get(mail(`crash ${number}`)) ?? 0
    if (what === 'kept' && copies !== 1) fail(`message ${number} was confirmed, and is there ${copies} times`)
    if (what === 'gone' && copies !== 0) fail(`message ${number} was expunged, and is back`)
    if (copies > 1) fail(`message ${number} is there ${copies} times`)
  }
  const known = new Set(Array.from({ length: messages }, (_, i) => mail(`crash ${i}`)))
  for (const content of found.keys()) expect(known.has(content), 'there is a message that nobody has sent')
  await expectRecount(t, id, on)
  for (const line of acknowledged) {
    const uid = Number(line.split(' ')[2])
    expect(uidNext > uid, `uidNext is ${uidNext}, and UID ${uid} was given before the crash`)
  }
}
