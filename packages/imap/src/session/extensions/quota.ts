/** QUOTA (RFC 9208): how much an account may hold, and what expunging would give back. */
import type { MailboxInfo, QuotaRoot } from '@posthouse/store-api'
import { no, ok, Refusal, type Status } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'
import { existing, has, parseMailbox } from '../mailboxes.js'
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
    const mailbox = await existing(session, path)
    // RFC 9208 §4.1.2: asking needs the right to read.
    if (!has(mailbox, 'r')) throw new Refusal(no('Not allowed', 'NOPERM'))
    const roots = await limitedRoots(session)
    const { out } = session
    out.text('* QUOTAROOT ').mailbox(mailbox.path)
    for (const { root } of roots) out.text(' ').string(root)
    out.crlf()
    for (const root of roots) writeQuota(session, root)
    return ok('GETQUOTAROOT completed')
  },
}

/** RFC 9208 §4.1.3: limits are set by whoever runs the store, so there is no QUOTASET; the command is read and refused. */
const setQuota: Command<void> = {
  name: 'SETQUOTA',
  states: ['authenticated', 'selected'],
  parse(cursor) {
    cursor.space()
    cursor.text('Quota root')
    cursor.space()
    cursor.list(() => {
      cursor.atom('Resource')
      cursor.space()
      cursor.number('Limit')
    })
  },
  run: () => no('Limits are set elsewhere', 'NOPERM'),
}

/** Known without reading rows when nothing or everything is deleted; otherwise left out rather than guessed. */
function deletedStorage({ deleted, messages, bytes }: MailboxInfo): number | null {
  if (deleted === 0) return 0
  return deleted === messages && bytes !== undefined ? bytes : null
}

export const quota: ImapExtension = {
  name: 'QUOTA',
  capabilities: ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE'],
  available: (account) => account.quota !== undefined,
  commands: [getQuota, getQuotaRoot, setQuota] as readonly Command[],
  // RFC 9208 §4.1.4: octets that EXPUNGE would give back; DELETED is an item of the core.
  statusItems: [{ name: 'DELETED-STORAGE', value: deletedStorage }],
}
