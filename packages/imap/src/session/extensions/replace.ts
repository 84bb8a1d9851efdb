/** REPLACE and UID REPLACE (RFC 8508): a new message for an old one, in one step. Selected state. */
import {
  type AppendOp,
  type MailboxInfo,
  type Op,
  type OpResult,
  type UidSet,
  uidSetSize,
  writerOf,
} from '@posthouse/store-api'
import { formatUidSet, parseSequenceSet } from '../../syntax/sequence-set.js'
import { bad, no, Refusal, type Status } from '../../syntax/status.js'
import { type AppendData, appendOp, checkSize, parseAppendData } from '../commands/append.js'
import { takeBack } from '../commands/copy.js'
import { expunged } from '../commands/expunge.js'
import type { Command, ImapExtension, Upload } from '../extension.js'
import { existing, has, parseMailbox } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { createUploadFeed, type UploadFeed } from '../upload-feed.js'
import { noteArrived } from '../view/recent.js'

/** What the account has back when the old message has gone; nothing where that is somebody else's. */
async function sizeOf({ view, account }: ImapSession, uids: UidSet): Promise<number> {
  let octets = 0
  if (view.mailbox.owner !== undefined) return octets
  for await (const rows of account.messages(view.id, { uids, light: true })) for (const { size } of rows) octets += size
  return octets
}

/** Of a commit that has failed nobody knows whether it was done. */
async function isThere({ view, account }: ImapSession, uids: UidSet): Promise<boolean> {
  for await (const rows of account.messages(view.id, { uids, light: true })) if (rows.length > 0) return true
  return false
}

/** Gives what has been put in. @throws when the old message cannot be removed: then the new one is not there either. */
async function replaceOne(session: ImapSession, old: UidSet, op: AppendOp, target: MailboxInfo): Promise<OpResult> {
  const { view, account } = session
  const { commit } = writerOf(account)
  const expunge: Op = { op: 'expunge', in: view.id, uids: old, onlyDeleted: false }
  // No transaction spans the accounts of two people: the new message is there before the old one goes.
  const apart = target.owner !== view.mailbox.owner
  // Else the old one gives its room to the new one.
  const added = await commit(apart ? [op] : [expunge, op])
  const made = added.results[added.results.length - 1]
  try {
    const { results, modseq } = apart ? await commit([expunge]) : added
    // RFC 8508 §3.2: NO when it cannot be removed, as when another session was first.
    if (results[0].uids?.length === 0) throw new Refusal(no('The message is gone', 'EXPUNGEISSUED'))
    session.touch(modseq)
    return made
  } catch (error) {
    session.touch()
    // Two messages are better than none.
    const isSafe = error instanceof Refusal || (await isThere(session, old).catch(() => false))
    if (isSafe) await takeBack(session, target, made.uids ?? [])
    throw error
  }
}

function upload(session: ImapSession, byUid: boolean): Upload {
  const { stage } = writerOf(session.account)
  let old: UidSet = []
  let target: MailboxInfo | null = null
  let data: AppendData | null = null
  let feed: UploadFeed | null = null
  let op: AppendOp | null = null

  return {
    async literal(cursor, { size }) {
      if (data) throw new Refusal(bad('Only one message'))
      const { view } = session
      cursor.space()
      old = view.resolve(parseSequenceSet(cursor), byUid)
      cursor.space()
      const path = parseMailbox(cursor, session)
      data = parseAppendData(cursor)
      // RFC 8508 §7: what COPY, STORE and EXPUNGE would take.
      if (view.readOnly || !has(view.mailbox, 'e') || !has(view.mailbox, 't')) {
        throw new Refusal(no('Messages cannot be removed here', 'NOPERM'))
      }
      if (uidSetSize(old) !== 1 || view.countIn(old) !== 1) throw new Refusal(no('No such message', 'NONEXISTENT'))
      target = await existing(session, path, 'i', 'TRYCREATE')
      await checkSize(session, target, size, -(await sizeOf(session, old)))
      feed = createUploadFeed(stage, size)
    },
    write: (bytes) => feed?.write(bytes),
    async literalEnd() {
      if (feed && data && target) op = await appendOp(feed, target.id, data)
      feed = null
    },
    async finish(cursor): Promise<Status> {
      if (data?.wrapped) cursor.expect(')')
      cursor.end()
      if (!op || !target) return bad('Message expected')
      const { out, parts } = session
      const { uidValidity, uids = [] } = await replaceOne(session, old, op, target)
      noteArrived(session, target, uids)
      // RFC 8508 §4.3: APPENDUID is told before the EXPUNGE. RFC 4315 §3: not to someone who may not open the mailbox.
      if (parts.names.has('UIDPLUS') && uidValidity !== undefined && has(target, 'r')) {
        out.line(`* OK [APPENDUID ${uidValidity} ${formatUidSet(uids)}] Replaced`)
      }
      return expunged(session, 'REPLACE')
    },
    abort: () => feed?.abort(),
  }
}

function replaceCommand(byUid: boolean): Command<void> {
  return {
    name: byUid ? 'UID REPLACE' : 'REPLACE',
    states: ['selected'],
    leading: 2,
    checkpoint: true,
    parse() {},
    run: () => bad('Message expected'),
    upload: (session) => upload(session, byUid),
  }
}

/** REPLACE (RFC 8508). */
export const replace: ImapExtension = {
  name: 'REPLACE',
  capabilities: ['REPLACE'],
  available: (account) => account.commit !== undefined,
  commands: [replaceCommand(false), replaceCommand(true)] as readonly Command[],
}
