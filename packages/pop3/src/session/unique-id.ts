import type { MaybePromise } from '@posthouse/wire'

/** What a unique-id may be made of. */
export interface UniqueIdSource {
  readonly account: string
  readonly uid: number
  readonly uidValidity: number
  /** `''` when the store does not know it. */
  readonly emailId: string
}

/** Makes the unique-id of a message: 1 to 70 characters 0x21 to 0x7E that never change (RFC 1939 §7, UIDL). */
export type UniqueIdMaker = (message: UniqueIdSource) => string

/** Formats of other servers, so that one can be replaced without clients downloading everything again. */
export type UniqueIdFormat = 'posthouse' | 'dovecot' | 'cyrus' | 'cyrus-uid' | 'courier' | 'uw'

/**
 * The unique-ids that messages of an account had on another server, by those that they would have here without it.
 * `null`: none.
 */
export type KeptUniqueIds = (account: string) => MaybePromise<ReadonlyMap<string, string> | null>

const hex = (value: number): string => value.toString(16).padStart(8, '0')

/** Each is compared with what the real server says in `interop/pop3/unique-ids.test.ts`. */
const formats: ReadonlyMap<UniqueIdFormat, UniqueIdMaker> = new Map<UniqueIdFormat, UniqueIdMaker>([
  ['posthouse', ({ uid, uidValidity }) => `${uidValidity}.${uid}`],
  // Its default, %08Xu%08Xv: lower case in spite of the X.
  ['dovecot', ({ uid, uidValidity }) => hex(uid) + hex(uidValidity)],
  ['cyrus', ({ uid, uidValidity }) => `${uidValidity}.${uid}`],
  ['cyrus-uid', ({ uid }) => String(uid)],
  // What Courier gives to new messages; its file `courierpop3dsizelist` may have `UID7` and file names for old ones.
  ['courier', ({ uid, uidValidity }) => `UID${uid}-${uidValidity}`],
  // UW ipop3d and mailboxes that were migrated from it: %08Xv%08Xu.
  ['uw', ({ uid, uidValidity }) => hex(uidValidity) + hex(uid)],
])

export function uniqueIdMaker(format: UniqueIdFormat | UniqueIdMaker): UniqueIdMaker {
  if (typeof format === 'function') return (message) => checked(format(message))
  const maker = formats.get(format)
  if (!maker) throw new TypeError(`unknown uniqueId format ${format}`)
  return maker
}

/** An id of the application's. @throws TypeError when POP3 cannot send it. */
export function checked(uniqueId: string): string {
  let sound = uniqueId.length >= 1 && uniqueId.length <= 70
  for (let i = 0; i < uniqueId.length && sound; i++) {
    const code = uniqueId.charCodeAt(i)
    sound = code >= 0x21 && code <= 0x7e
  }
  if (sound) return uniqueId
  throw new TypeError(`a unique-id is 1 to 70 characters 0x21 to 0x7E, not ${JSON.stringify(uniqueId)}`)
}
