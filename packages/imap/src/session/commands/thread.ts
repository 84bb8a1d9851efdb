/** THREAD and UID THREAD (RFC 5256 §3). Selected state. */
import type { Summary } from '@posthouse/mime/summary'
import type { Cursor } from '../../syntax/cursor.js'
import { ok, type Status } from '../../syntax/status.js'
import type { Command, ThreadAlgorithm, ThreadedMessage } from '../extension.js'
import { casemap } from '../search/casemap.js'
import { evaluate } from '../search/evaluate.js'
import type { SearchedMessage } from '../search/message.js'
import { resolveProgram } from '../search/program.js'
import { type AskedProgram, parseCharset, parseProgram } from '../search/request.js'
import { Work } from '../search/work.js'
import type { ImapSession } from '../session.js'
import { sentDateOf } from '../sort/criteria.js'
import { sameUids } from '../sort/kept-order.js'
import type { KeyKind } from '../sort/key-cache.js'
import { threadSigns, writeThreads } from '../thread/write.js'

interface ThreadRequest extends AskedProgram {
  readonly algorithm: ThreadAlgorithm
}

function parse(cursor: Cursor, session: ImapSession): ThreadRequest {
  cursor.space()
  const name = cursor.word('Threading algorithm')
  const algorithm = session.parts.threadAlgorithms.get(name)
  if (!algorithm) return cursor.fail(`${name} is no threading algorithm`)
  cursor.space()
  const charset = parseCharset(cursor, session)
  cursor.space()
  return { algorithm, ...parseProgram(cursor, session, charset) }
}

/** What threads are made of, but for the number. */
const threadKey: KeyKind<Omit<ThreadedMessage, 'number'>> = {
  name: 'THREAD',
  needs: ['summary'],
  key(message) {
    const made = message.summary()
    return made instanceof Promise ? made.then((summary) => keyOf(summary, message)) : keyOf(made, message)
  },
}

function keyOf(summary: Summary, message: SearchedMessage): Omit<ThreadedMessage, 'number'> {
  return {
    sentDate: sentDateOf(summary, message),
    subject: casemap(summary.baseSubject),
    isReply: summary.isReply,
    messageId: summary.messageId,
    references: summary.references,
  }
}

/** The threads of the messages that are searched, with UIDs as their numbers. */
async function threadsOf(session: ImapSession, { tree, algorithm }: ThreadRequest): Promise<Float64Array> {
  const { view, server } = session
  const { keyCache } = server
  const work = new Work(session)
  const { uids } = await evaluate(session, view, resolveProgram(tree, view), { work })
  const name = `THREAD ${algorithm.name}`
  const last = keyCache.made(session, view, name)
  if (last && sameUids(last.uids, uids)) return last.result
  const [keys] = await keyCache.keys(session, view, [threadKey], uids, work)
  const messages: ThreadedMessage[] = []
  for (const uid of uids) {
    const key = keys.get(uid) as Omit<ThreadedMessage, 'number'> | undefined
    if (key) messages.push({ number: uid, ...key })
  }
  const result = threadSigns(await algorithm.thread(messages, () => work.pause()))
  keyCache.keep(session, view, name, { uids, result })
  return result
}

async function run(session: ImapSession, request: ThreadRequest, byUid: boolean): Promise<Status> {
  const { view, out } = session
  const told = (uid: number): number => (byUid ? uid : view.sequenceOf(uid))
  await writeThreads(out, await threadsOf(session, request), told, () => session.flushMuch())
  return ok('THREAD completed')
}

function threadCommand(byUid: boolean): Command<ThreadRequest> {
  return {
    name: byUid ? 'UID THREAD' : 'THREAD',
    states: ['selected'],
    updates: byUid ? 'all' : 'no-expunge',
    parse,
    run: (session, request) => run(session, request, byUid),
  }
}

export const thread = threadCommand(false)
export const uidThread = threadCommand(true)
