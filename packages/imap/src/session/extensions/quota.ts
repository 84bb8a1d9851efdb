/** QUOTA (RFC 9208): how much an account may hold, and what expunging would give back. */
import { Flag, type MailboxInfo, type QuotaRoot } from '@posthouse/store-api'
import type { MaybePromise } from '@posthouse/wire'
import type { Cursor } from '../../syntax/cursor.js'
import { no, ok, type Status } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { existing, find, missing, parseMailbox } from '../mailboxes.js'
import { isForeign } from '../namespaces.js'
import type { ImapSession } from '../session.js'

/** RFC 9208 §5.1: STORAGE counts in units of 1,024 octets. */
const UNIT = 1024

function isLimited({ limit }: QuotaRoot): boolean {
  return limit.bytes !== undefined || limit.messages !== undefined
}

/** The roots that limit something: the others have nothing to tell (a QUOTA response has at least one resource). */
async function limitedRoots({ account }: ImapSession): Promise<readonly QuotaRoot[]> {
  return ((await account.quota?.()) ?? []).filter(isLimited)
}

/** Writes `* QUOTA "" (STORAGE 10 512)` (RFC 9208 §4.2.1). */
function writeQuota({ out }: ImapSession, { root, used, limit }: QuotaRoot): void {
  const resources: string[] = []
  // Use is rounded up and the limit down, so that a full account looks full.
  if (limit.bytes !== undefined) {
    resources.push(`STORAGE ${Math.ceil(used.bytes / UNIT)} ${Math.floor(limit.bytes / UNIT)}`)
  }
  if (limit.messages !== undefined) resources.push(`MESSAGE ${used.messages} ${limit.messages}`)
  out
    .text('* QUOTA ')
    .string(root)
    .line(` (${resources.join(' ')})`)
}

/** RFC 9208 §4.1.1 */
const getQuota: Command<string> = {
  name: 'GETQUOTA',
  states: ['authenticated', 'selected'],
  parse(cursor) {
    cursor.space()
    return cursor.text('Quota root')
  },
  async run(session, name): Promise<Status> {
    const root = (await limitedRoots(session)).find((one) => one.root === name)
    if (!root) return no('No such quota root', 'NONEXISTENT')
    writeQuota(session, root)
    return ok('GETQUOTA completed')
  },
}

/** RFC 9208 §4.1.2 */
const getQuotaRoot: Command<readonly string[]> = {
  name: 'GETQUOTAROOT',
  states: ['authenticated', 'selected'],
  parse(cursor, session) {
    cursor.space()
    return parseMailbox(cursor, session)
  },
  async run(session, path): Promise<Status> {
    const known = await find(session, path)
    if (!known && isForeign(session.server.namespaces, path)) throw missing()
    // RFC 9208 §4.1.2: asking needs the right to read; what could be made is asked about before it is there.
    const mailbox = known && (await existing(session, path, 'r'))
    // The account's roots are no business of those with whom somebody else shares.
    const roots = mailbox?.owner === undefined ? await limitedRoots(session) : []
    const { out } = session
    out.text('* QUOTAROOT ').mailbox(mailbox?.path ?? path)
    for (const { root } of roots) out.text(' ').string(root)
    out.crlf()
    for (const root of roots) writeQuota(session, root)
    return ok('GETQUOTAROOT completed')
  },
}

/** New limits of a quota root: octets and messages; absent: no limit. */
export type QuotaLimits = QuotaRoot['limit']

interface SetQuotaArgs {
  readonly root: string
  /** By resource, upper case. */
  readonly limits: ReadonlyMap<string, number>
}

function parseSetQuota(cursor: Cursor): SetQuotaArgs {
  const limits = new Map<string, number>()
  cursor.space()
  const root = cursor.text('Quota root')
  cursor.space()
  cursor.list(() => {
    const resource = cursor.word('Resource')
    cursor.space()
    limits.set(resource, cursor.number('Limit'))
  })
  return { root, limits }
}

function setQuotaCommand(run: Command<SetQuotaArgs>['run']): Command {
  const command: Command<SetQuotaArgs> = {
    name: 'SETQUOTA',
    states: ['authenticated', 'selected'],
    parse: parseSetQuota,
    run,
  }
  return command as Command
}

/** RFC 9208 §4.1.3: without QUOTASET limits are set by whoever runs the store; the command is read and refused. */
const setQuota = setQuotaCommand(() => no('Limits are set elsewhere', 'NOPERM'))

/**
 * QUOTASET (RFC 9208 §4.1.3): SETQUOTA sets limits. What a store allows is the application's matter: `set` changes the
 * limits of a root, or throws a `Refusal` (NOPERM for who must not). Not among `standardExtensions`.
 */
export function quotaSet(
  set: (session: ImapSession, root: string, limits: QuotaLimits) => MaybePromise<void>,
): ImapExtension {
  return {
    name: 'QUOTASET',
    capabilities: ['QUOTASET'],
    requires: ['QUOTA'],
    available: (account) => account.quota !== undefined,
    commands: [
      setQuotaCommand(async (session, { root, limits }) => {
        for (const resource of limits.keys()) {
          if (resource !== 'STORAGE' && resource !== 'MESSAGE') return no(`There is no resource ${resource}`, 'CANNOT')
        }
        const [storage, messages] = [limits.get('STORAGE'), limits.get('MESSAGE')]
        const known = (await session.account.quota?.())?.some((one) => one.root === root)
        if (!known) return no('No such quota root', 'NONEXISTENT')
        await set(session, root, {
          ...(storage !== undefined && { bytes: storage * UNIT }),
          ...(messages !== undefined && { messages }),
        })
        const after = (await limitedRoots(session)).find((one) => one.root === root)
        if (after) writeQuota(session, after)
        return ok('SETQUOTA completed')
      }),
    ],
  }
}

/** Known without reading rows when nothing or everything is deleted. */
async function deletedStorage(mailbox: MailboxInfo, session: ImapSession): Promise<number> {
  const { id, deleted, messages, bytes } = mailbox
  if (deleted === 0) return 0
  if (deleted === messages && bytes !== undefined) return bytes
  const { account } = session
  // The store may know which ones they are; else all rows are looked at.
  const found = await account.search?.(id, { type: 'flag', flag: Flag.Deleted })
  let octets = 0
  for await (const rows of account.messages(id, { light: true, ...(found && { uids: found.uids }) })) {
    for (const { flags, size } of rows) if ((flags & Flag.Deleted) !== 0) octets += size
  }
  return octets
}

/** QUOTA (RFC 9208). */
export const quota: ImapExtension = {
  name: 'QUOTA',
  capabilities: ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE'],
  available: (account) => account.quota !== undefined,
  commands: [getQuota, getQuotaRoot, setQuota] as readonly Command[],
  // RFC 9208 §4.1.4: octets that EXPUNGE would give back; DELETED is an item of the core.
  statusItems: [{ name: 'DELETED-STORAGE', value: deletedStorage }],
}
