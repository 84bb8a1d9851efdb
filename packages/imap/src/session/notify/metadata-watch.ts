/** Which annotations have changed (RFC 5464 §4.4.2): found by comparing, because a store's hints do not say. */
import type { MailboxInfo, MetaEntry } from '@posthouse/store-api'
import type { ImapSession } from '../session.js'

type Entries = ReadonlyMap<string, Uint8Array>

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((octet, i) => octet === b[i])
}

/** Remembers the annotations of some mailboxes. */
export class MetadataWatch {
  /** By mailbox id; `''` is the account. */
  readonly #known = new Map<string, Entries>()

  /** Tells of what has changed since the last look; the first look at a mailbox only remembers. */
  async look(session: ImapSession, mailbox: MailboxInfo | null): Promise<void> {
    const key = mailbox?.id ?? ''
    const before = this.#known.get(key)
    const now = await read(session, mailbox)
    this.#known.set(key, now)
    if (!before) return
    const changed: string[] = []
    for (const [name, value] of now) if (!same(value, before.get(name))) changed.push(name)
    for (const name of before.keys()) if (!now.has(name)) changed.push(name)
    if (changed.length === 0) return
    const { out } = session
    out.text('* METADATA ')
    if (mailbox) out.mailbox(mailbox.path)
    else out.text('""')
    for (const name of changed) out.text(' ').astring(name)
    out.crlf()
  }

  /** The mailbox is gone. */
  forget(id: string): void {
    this.#known.delete(id)
  }
}

async function read({ account }: ImapSession, mailbox: MailboxInfo | null): Promise<Entries> {
  let entries: readonly MetaEntry[] = []
  try {
    entries = (await account.meta?.(mailbox?.id ?? null, '')) ?? []
  } catch {
    // Without the right to read them there are none.
  }
  return new Map(entries.map(({ key, value }) => [key, value]))
}

/** Where the session keeps how to look again. */
const NAME = 'METADATA changes'

/** RFC 5464 §4.1: a client that has enabled it hears of changes in the account and in the selected mailbox. */
export function tellOfMetadata(session: ImapSession, mailboxesToo: boolean): void {
  const watch = new MetadataWatch()
  let due = false
  const look = (): void => {
    if (due) return
    due = true
    session.push(async () => {
      due = false
      await watch.look(session, null)
      if (mailboxesToo && session.selected) await watch.look(session, session.selected.mailbox)
    })
  }
  session.watch(look)
  session.values.set(NAME, look)
  // What is there now is known.
  look()
}

/** Another mailbox is selected: what it has now is known. */
export function lookAtMetadata({ values }: ImapSession): void {
  const look = values.get(NAME) as (() => void) | undefined
  look?.()
}
