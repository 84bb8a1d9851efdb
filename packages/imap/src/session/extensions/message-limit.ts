/**
 * MESSAGELIMIT (RFC 9738): how many messages one command acts on. Made by the application, and not among
 * `standardExtensions`, because clients that do not know of it miss what they are not told.
 */
import { Flag, type UidSet, uidSetFromSorted } from '@posthouse/store-api'
import { tooMany } from '../bound.js'
import type { Bounded, BoundedCommand, ImapExtension, SearchKey } from '../extension.js'
import { expr } from '../search/keys.js'
import type { ImapSession } from '../session.js'

/** Those of a set that UID EXPUNGE would take away. */
async function deletedOf({ view, account }: ImapSession, uids: UidSet): Promise<Uint32Array> {
  const deleted: number[] = []
  for await (const rows of account.messages(view.id, { uids, light: true })) {
    for (const { uid, flags } of rows) if ((flags & Flag.Deleted) !== 0 && view.sequenceOf(uid) > 0) deleted.push(uid)
  }
  return Uint32Array.from(deleted)
}

async function bound(session: ImapSession, command: BoundedCommand, uids: UidSet, limit: number): Promise<Bounded> {
  const { view } = session
  if (view.countIn(uids) <= limit) return { uids, code: null }
  if (command === 'COPY' || command === 'FETCH PARTIAL') throw tooMany(limit)
  const all = command === 'UID EXPUNGE' ? await deletedOf(session, uids) : view.pick(uids)
  if (all.length <= limit) return { uids, code: null }
  // The newest; the client goes on below the lowest of them.
  const newest = all.subarray(all.length - limit)
  return { uids: uidSetFromSorted(newest), code: `MESSAGELIMIT ${limit} ${newest[0]}` }
}

/** RFC 9738 §3.2: `UIDAFTER 5` is above it, `UIDBEFORE 5` below. */
function uidKey(name: 'UIDAFTER' | 'UIDBEFORE'): SearchKey {
  return {
    name,
    parse(cursor) {
      cursor.space()
      const uid = cursor.nzNumber('UID')
      const [low, high] = name === 'UIDAFTER' ? [uid + 1, 0xffffffff] : [1, uid - 1]
      return expr({ type: 'uids', uids: low <= high ? [[low, high]] : [] })
    },
  }
}

/** Bounds FETCH, STORE, SEARCH, COPY, MOVE, UID EXPUNGE and APPEND to so many messages (1,000 or more, by the RFC). */
export function messageLimit(limit: number): ImapExtension {
  return {
    name: 'MESSAGELIMIT',
    capabilities: [`MESSAGELIMIT=${limit}`],
    searchKeys: [uidKey('UIDAFTER'), uidKey('UIDBEFORE')],
    boundSet: (session, command, uids) => bound(session, command, uids, limit),
    appends: limit,
  }
}

/** SAVELIMIT (RFC 9738 §3): bounds COPY and APPEND only. */
export function saveLimit(limit: number): ImapExtension {
  return {
    name: 'SAVELIMIT',
    capabilities: [`SAVELIMIT=${limit}`],
    boundSet: (session, command, uids) =>
      command === 'COPY' ? bound(session, command, uids, limit) : { uids, code: null },
    appends: limit,
  }
}
