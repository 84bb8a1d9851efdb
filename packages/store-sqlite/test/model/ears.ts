/** Watchers of a store: whether they hear of all that changes, and of nothing when nothing does. */
import type { Account, ChangeHint, MailboxInfo, MailStore } from '@posthouse/store-api'
import { expect } from 'vitest'

/** The owner listens twice, and so do two guests. */
const LISTENERS = ['anna', 'anna', 'ben', 'cora'] as const

interface Ear {
  readonly who: string
  readonly account: Account
  readonly heard: ChangeHint[]
}

export interface Ears {
  /** What there is before a change of the account. */
  before(account: string): Promise<{ readonly after: (refused: boolean) => Promise<void> } | undefined>
  stop(): void
}

export async function listen(store: MailStore): Promise<Ears> {
  const end = new AbortController()
  const ears: Ear[] = []
  for (const who of LISTENERS) {
    const account = await store.open('anna', { principal: who, groups: ['staff'] }).catch(() => undefined)
    if (!account) continue
    await account.mailboxes().catch(() => undefined)
    const heard: ChangeHint[] = []
    ears.push({ who, account, heard })
    const hints = account.watch!(end.signal)
    void (async () => {
      for await (const hint of hints) heard.push(hint)
    })()
  }
  return {
    stop: () => end.abort(),
    async before(account) {
      if (account !== 'anna') return undefined
      await turns()
      const states = await Promise.all(ears.map(stateOf))
      for (const { heard } of ears) heard.length = 0
      return {
        async after(refused) {
          await turns()
          for (const [i, ear] of ears.entries()) check(ear, states[i]!, await stateOf(ear), refused)
        },
      }
    },
  }
}

/** What was pushed is pulled. */
async function turns(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve()
}

async function stateOf({ account }: Ear): Promise<Map<string, string>> {
  const infos = await account.mailboxes().catch((): MailboxInfo[] => [])
  return new Map(infos.map((info) => [info.id, JSON.stringify({ ...info, keywords: [] })]))
}

function check({ who, heard }: Ear, before: Map<string, string>, after: Map<string, string>, refused: boolean): void {
  if (refused) expect(heard, `${who} hears of what was refused`).toEqual([])
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(id) === after.get(id)) continue
    const told = heard.some(({ mailbox }) => mailbox === undefined || mailbox === id)
    expect(told, `${who} hears of ${id}: ${before.get(id)} is ${after.get(id)}`).toBe(true)
  }
}
