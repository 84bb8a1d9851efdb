/** The accounts behind a combined view, and where its names and ids lead. */
import { sharedWith } from '../fallbacks.js'
import { normaliseMailboxPath } from '../mailbox-name.js'
import type { Account, MailboxId, MailboxInfo, MailStore, Principal } from '../types.js'
import { splitForeignId } from './names.js'

/** An account of the view. */
export interface Part {
  /** `null`: the principal's own. */
  readonly owner: string | null
  readonly account: Account
}

export interface Parts {
  readonly me: Part
  /** The accounts that are open now. */
  open(): readonly Part[]
  /** Opens what is new and forgets what is shared no more. */
  refresh(): Promise<readonly Part[]>
  /** Where a mailbox id leads. @throws StoreError `nonexistent` */
  find(id: MailboxId): Promise<{ readonly part: Part; readonly id: MailboxId }>
  /** The account in which a new name lies, and the name there. */
  place(path: readonly string[]): Promise<{ readonly part: Part; readonly path: readonly string[] }>
  /** Keeps what was shown last: whose an id is, and the rights in it. */
  show(infos: readonly MailboxInfo[]): void
  rights(id: MailboxId): string | undefined
}

export interface PartsOptions {
  readonly store: MailStore
  readonly own: Account
  readonly as: Principal
  readonly prefixOf: (owner: string) => readonly string[]
  /** A part was opened. */
  readonly opened: (part: Part) => void
}

const NOTHING: ReadonlyMap<MailboxId, MailboxInfo> = new Map()

export function createParts({ store, own, as, prefixOf, opened }: PartsOptions): Parts {
  const me: Part = { owner: null, account: own }
  const others = new Map<string, Part>()
  let shown = NOTHING

  async function partOf(owner: string): Promise<Part> {
    const account = others.has(owner) ? undefined : await store.open(owner, as)
    const known = others.get(owner)
    if (known) {
      await account?.close?.()
      return known
    }
    const part = { owner, account: account! }
    others.set(owner, part)
    opened(part)
    return part
  }

  async function refresh(): Promise<readonly Part[]> {
    const owners = (await sharedWith(store, as)).filter((owner) => owner !== as.principal)
    for (const [owner, { account }] of others) {
      if (owners.includes(owner)) continue
      others.delete(owner)
      await account.close?.()
    }
    // What was shared a moment ago may not be any more.
    const open = await Promise.all(owners.map((owner) => partOf(owner).catch(() => null)))
    return [me, ...open.filter((part) => part !== null)]
  }

  return {
    me,
    open: () => [me, ...others.values()],
    refresh,
    async find(id) {
      const foreign = splitForeignId(id)
      // An id of the account itself may look like anything.
      const mine = shown.has(id) && shown.get(id)?.owner === undefined
      return foreign && !mine ? { part: await partOf(foreign.owner), id: foreign.id } : { part: me, id }
    },
    async place(path) {
      const whole = normaliseMailboxPath(path)
      for (const part of await refresh()) {
        if (part.owner === null) continue
        const prefix = prefixOf(part.owner)
        const inside = prefix.every((segment, i) => segment === whole[i])
        if (inside && whole.length > prefix.length) return { part, path: whole.slice(prefix.length) }
      }
      return { part: me, path: whole }
    },
    show(infos) {
      // Nothing is remembered of what is the principal's own, unless its id looks like another's.
      const kept = infos.filter(
        ({ id, owner, rights }) => owner !== undefined || rights !== undefined || splitForeignId(id),
      )
      shown = kept.length > 0 ? new Map(kept.map((info) => [info.id, info])) : NOTHING
    },
    rights: (id) => shown.get(id)?.rights,
  }
}
