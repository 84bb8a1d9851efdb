/** APPEND (RFC 9051 §6.3.12), also of several messages (RFC 3502). Authenticated state. */
import { type AppendOp, isStoreError, type MailboxInfo, uidSetOf, writerOf } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { parseDateTime } from '../../syntax/date-time.js'
import { type FlagList, parseFlagList } from '../../syntax/flags.js'
import { formatUidSet } from '../../syntax/sequence-set.js'
import { bad, no, ok, Refusal, type Status } from '../../syntax/status.js'
import { checkAppends } from '../bound.js'
import type { Command, Upload } from '../extension.js'
import { existing, has, missing, parseMailbox, tellSpelling } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { createUploadFeed, type UploadFeed } from '../upload-feed.js'
import { noteArrived } from '../view/recent.js'

/** What stands before a message: flags, date, and how its literal is wrapped. */
export interface AppendData {
  readonly flags: FlagList
  readonly internalDate: number | null
  /** RFC 9755 §4: `UTF8 (~{n}` opened a parenthesis that must be closed behind the message. */
  readonly wrapped: boolean
}

/** Reads ` (\Seen) "date" {n}` up to the literal's announcement. */
export function parseAppendData(cursor: Cursor): AppendData {
  let flags: FlagList = { system: 0, keywords: [] }
  let internalDate: number | null = null
  cursor.space()
  if (cursor.atList()) {
    flags = parseFlagList(cursor)
    cursor.space()
  }
  if (cursor.peek() === 34) {
    internalDate = parseDateTime(cursor)
    cursor.space()
  }
  const wrapped = cursor.takeWord('UTF8')
  if (wrapped) {
    cursor.space()
    cursor.expect('(')
  }
  if (!cursor.atString() || cursor.peek() === 34) cursor.fail('Message expected')
  return { flags, internalDate, wrapped }
}

/** One message that is refused for its size before an octet of it is sent. @throws Refusal */
export async function checkSize(
  session: ImapSession,
  { owner }: MailboxInfo,
  size: number,
  planned: number,
): Promise<void> {
  const { message } = session.limits
  if (size > message) throw new Refusal(no(`A message may have ${message} octets`, 'TOOBIG'))
  if (size === 0) throw new Refusal(no('A message without an octet is none'))
  // RFC 9208 §4.1.2: what is somebody else's is under the roots of its owner, which the store knows.
  if (owner !== undefined) return
  for (const { used, limit } of (await session.account.quota?.()) ?? []) {
    if (limit.bytes !== undefined && used.bytes + planned + size > limit.bytes) {
      throw new Refusal(no('The account is full', 'OVERQUOTA'))
    }
  }
}

/**
 * An op for a message that is staged. RFC 9755 §4 would have a header beyond ASCII refused before ENABLE UTF8=ACCEPT: it
 * is taken, since whoever synchronises or moves old mail must be able to put it where it fetched it from.
 */
export async function appendOp(feed: UploadFeed, to: string, data: AppendData): Promise<AppendOp> {
  const { staged, summary, header } = await feed.finish()
  return {
    op: 'append',
    to,
    staged,
    summary,
    header,
    flags: data.flags.system,
    keywords: data.flags.keywords,
    ...(data.internalDate !== null && { internalDate: data.internalDate }),
  }
}

function upload(session: ImapSession): Upload {
  const { stage, commit } = writerOf(session.account)
  const ops: AppendOp[] = []
  let mailbox: MailboxInfo | null = null
  let asked: readonly string[] = []
  let data: AppendData | null = null
  let feed: UploadFeed | null = null
  let planned = 0

  return {
    async literal(cursor, { size }) {
      if (mailbox) {
        if (data?.wrapped) cursor.expect(')')
        if (!session.parts.names.has('MULTIAPPEND')) throw new Refusal(bad('Only one message at a time'))
        checkAppends(session, ops.length)
        if (ops.length >= session.limits.literals) throw new Refusal(no('Too many messages at a time', 'LIMIT'))
        data = parseAppendData(cursor)
      } else {
        cursor.space()
        asked = parseMailbox(cursor, session)
        data = parseAppendData(cursor)
        // RFC 9051 §6.3.12: TRYCREATE tells that CREATE would help.
        mailbox = await existing(session, asked, 'i', 'TRYCREATE')
      }
      await checkSize(session, mailbox, size, planned)
      planned += size
      feed = createUploadFeed(stage, size)
    },
    write: (bytes) => feed?.write(bytes),
    async literalEnd() {
      if (feed && data && mailbox) ops.push(await appendOp(feed, mailbox.id, data))
      feed = null
    },
    async finish(cursor): Promise<Status> {
      if (data?.wrapped) cursor.expect(')')
      cursor.end()
      const { results, modseq } = await commit(ops).catch((error: unknown) => {
        // It was there when the first message was announced.
        throw isStoreError(error) && error.code === 'nonexistent' ? missing('TRYCREATE') : error
      })
      session.touch(mailbox?.id === session.selected?.id ? modseq : 0)
      const uids = uidSetOf(results.flatMap((result) => result.uids ?? []))
      const { uidValidity } = results[0]
      if (mailbox) {
        noteArrived(session, mailbox, uids)
        tellSpelling(session, asked, mailbox.path)
      }
      // RFC 9051 §6.3.12: not to someone who may not open the mailbox.
      const tells =
        session.parts.names.has('UIDPLUS') && uidValidity !== undefined && mailbox !== null && has(mailbox, 'r')
      return ok('APPEND completed', tells ? `APPENDUID ${uidValidity} ${formatUidSet(uids)}` : null)
    },
    abort: () => feed?.abort(),
  }
}

export const append: Command<void> = {
  name: 'APPEND',
  states: ['authenticated', 'selected'],
  leading: 1,
  parse() {},
  run: () => bad('Message expected'),
  upload,
}
