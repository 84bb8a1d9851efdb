/** SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3), CLOSE (§6.4.1) and CHECK (RFC 3501 §6.4.1). */
import { Flag, flagPermit, isStoreError, type MailboxInfo, type Uid, type UidSet, uidsOf } from '@posthouse/store-api'
import type { Cursor } from '../../syntax/cursor.js'
import { ok, type Status } from '../../syntax/status.js'
import type { Command, SelectContext, SelectParameter } from '../extension.js'
import { existing, has, mailboxes, parseSpelled, toldUidNext, writeName } from '../mailboxes.js'
import type { ImapSession } from '../session.js'
import { writeFlagLists } from '../view/keywords.js'
import { MailboxView } from '../view/mailbox-view.js'
import { mailboxKey } from '../view/recent.js'
import { claimRecent } from '../view/synchronize.js'
import { attributesOf } from './list.js'

interface SelectArgs {
  readonly path: readonly string[]
  /** The name as it was given. */
  readonly asked: readonly string[]
  readonly parameters: readonly { readonly parameter: SelectParameter; readonly args: unknown }[]
}

function parse(cursor: Cursor, session: ImapSession): SelectArgs {
  cursor.space()
  const { path, asked } = parseSpelled(cursor, session)
  const parameters: { parameter: SelectParameter; args: unknown }[] = []
  if (cursor.more()) {
    cursor.list(() => {
      const name = cursor.word('Parameter')
      const parameter = session.parts.selectParameters.get(name)
      if (!parameter) return cursor.fail(`SELECT has no parameter ${name}`)
      parameters.push({ parameter, args: parameter.parse?.(cursor, session) })
    })
  }
  return { path, asked, parameters }
}

/** A view of a mailbox. The UIDs are read only when no other session knows them. */
async function openView(session: ImapSession, mailbox: MailboxInfo, readOnly: boolean): Promise<MailboxView> {
  const { uids } = session.server
  const key = mailboxKey(session, mailbox)
  const known = uids.recall(key, mailbox) ?? (await knownUids(session, mailbox))
  return new MailboxView(mailbox, known, readOnly, { uids, key })
}

/** All UIDs of a mailbox; those that came after `mailbox` was read are for the first look at changes. */
async function knownUids(session: ImapSession, mailbox: MailboxInfo): Promise<Uint32Array> {
  const uids = await uidsOf(session.account, mailbox.id)
  let count = uids.length
  while (count > 0 && uids[count - 1] >= mailbox.uidNext) count--
  return uids.subarray(0, count)
}

async function run(session: ImapSession, args: SelectArgs, examine: boolean): Promise<Status> {
  const { path, asked, parameters } = args
  if (session.selected) {
    session.select(null)
    // RFC 9051 §7.1, CLOSED: responses behind this are of the new mailbox.
    session.out.line('* OK [CLOSED] The mailbox before is closed')
  }
  const all = await mailboxes(session)
  const mailbox = await existing(session, path, 'r', undefined, all)
  const readOnly = examine || !session.account.commit || !isWritable(mailbox)
  const view = await openView(session, mailbox, readOnly)
  session.select(view)
  view.uidsOnly = session.enabled.has('UIDONLY')
  const context = { mailbox, readOnly }
  try {
    await tellMailbox(session, context, asked, all)
    for (const { parameter, args } of parameters) await parameter.apply(session, context, args)
  } catch (error) {
    // RFC 9051 §6.3.2: a SELECT that fails leaves no mailbox selected.
    session.select(null)
    throw error
  }
  return ok(`${examine ? 'EXAMINE' : 'SELECT'} completed`, readOnly || !isShared(mailbox) ? 'READ-ONLY' : 'READ-WRITE')
}

/** RFC 9051 §6.3.2: what a client must know of the mailbox that it has selected. */
async function tellMailbox(
  session: ImapSession,
  context: SelectContext,
  asked: readonly string[],
  all: readonly MailboxInfo[],
): Promise<void> {
  const { out, view } = session
  const { mailbox } = context
  writeFlagLists(session, view)
  out.line(`* ${view.count} EXISTS`)
  const rev2 = session.enabled.has('IMAP4REV2')
  if (!rev2) await tellRecent(session, view)
  out.line(`* OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs are valid`)
  out.line(`* OK [UIDNEXT ${toldUidNext(Math.max(mailbox.uidNext, view.lastUid + 1))}] The next UID`)
  if (rev2) writeName(session, mailbox.path, attributesOf(session, mailbox, all), asked)
  for (const { selectLines } of session.parts.extensions) {
    for (const line of selectLines?.(session, context) ?? []) out.line(`* OK ${line}`)
  }
}

/** RFC 3501 §6.3.1: what rev2 has left out. */
async function tellRecent(session: ImapSession, view: MailboxView): Promise<void> {
  const { out } = session
  view.recentKey = mailboxKey(session, view.mailbox)
  claimRecent(session, view)
  view.recentTold = view.countIn(view.recent)
  out.line(`* ${view.recentTold} RECENT`)
  if (view.uidsOnly || view.mailbox.unseen === 0) return
  const first = await firstUnseen(session, view)
  if (first > 0) out.line(`* OK [UNSEEN ${view.sequenceOf(first)}] The first unseen message`)
}

/** The first message of the view without \Seen; 0 when there is none. */
async function firstUnseen({ account }: ImapSession, view: MailboxView): Promise<Uid> {
  if (view.count > 0 && view.mailbox.unseen === view.mailbox.messages) return view.uidAt(1)
  const unseen = await account.search?.(view.id, { type: 'not', of: { type: 'flag', flag: Flag.Seen } })
  if (unseen?.rest === null) return firstIn(view, unseen.uids)
  for await (const rows of account.messages(view.id, { light: true })) {
    for (const { uid, flags } of rows) if ((flags & Flag.Seen) === 0 && view.sequenceOf(uid) > 0) return uid
  }
  return 0
}

function firstIn(view: MailboxView, set: UidSet): Uid {
  for (const range of set) {
    const [first] = view.pick([range])
    if (first !== undefined) return first
  }
  return 0
}

/** May the principal change something, if only for itself? */
function isWritable(mailbox: MailboxInfo): boolean {
  return mailbox.rights === undefined || [...'swite'].some((right) => has(mailbox, right))
}

/**
 * RFC 4314 §5.2: READ-WRITE takes a right to change what others see: messages, or a flag that is shared. Who may change
 * flags of its own alone is told READ-ONLY, and which they are by PERMANENTFLAGS (RFC 9051 §6.3.2).
 */
function isShared(mailbox: MailboxInfo): boolean {
  const { rights, privateFlags = 0 } = mailbox
  if (rights === undefined || has(mailbox, 'i') || has(mailbox, 'e')) return true
  const { flags, keywords } = flagPermit(rights)
  return keywords || (flags & ~privateFlags) !== 0
}

function selectCommand(examine: boolean): Command<SelectArgs> {
  return {
    name: examine ? 'EXAMINE' : 'SELECT',
    states: ['authenticated', 'selected'],
    updates: 'none',
    parse,
    run: (session, args) => run(session, args, examine),
  }
}

export const select = selectCommand(false)
export const examine = selectCommand(true)

/** Expunges without a word, and leaves the mailbox. */
export const close: Command<void> = {
  name: 'CLOSE',
  states: ['selected'],
  updates: 'none',
  parse() {},
  async run(session) {
    const { view, account } = session
    // RFC 7162 §3.2.8: no HIGHESTMODSEQ is told, because others may have changed what the client has not heard of.
    if (!view.readOnly && account.commit && has(view.mailbox, 'e')) {
      const uids = [[1, view.lastUid || 1]] as const
      await account.commit([{ op: 'expunge', in: view.id, uids, onlyDeleted: true }]).catch((error: unknown) => {
        // RFC 9051 §6.4.1: no error is given where nothing may be removed; an adapter tells that only when it is asked.
        if (!isStoreError(error) || (error.code !== 'readonly' && error.code !== 'noperm')) throw error
      })
    }
    session.select(null)
    return ok('CLOSE completed')
  },
}

export const check: Command<void> = {
  name: 'CHECK',
  states: ['selected'],
  checkpoint: true,
  parse() {},
  run: () => ok('CHECK completed'),
}
