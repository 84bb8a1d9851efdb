/** What a unique-id may be made of. */
export interface UniqueIdSource {
  readonly uid: number
  readonly uidValidity: number
  /** `''` when the store does not know it. */
  readonly emailId: string
}

/** Makes the unique-id of a message: 1 to 70 characters 0x21 to 0x7E that never change (RFC 1939 §7, UIDL). */
export type UniqueIdMaker = (message: UniqueIdSource) => string

/** Formats of other servers, so that one can be replaced without clients downloading everything again. */
export type UniqueIdFormat = 'posthouse' | 'dovecot' | 'cyrus' | 'cyrus-uid' | 'courier' | 'uw'

const hex = (value: number): string => value.toString(16).padStart(8, '0')

const formats: ReadonlyMap<UniqueIdFormat, UniqueIdMaker> = new Map<UniqueIdFormat, UniqueIdMaker>([
  ['posthouse', ({ uid, uidValidity }) => `${uidValidity}.${uid}`],
  // Its default, %08Xu%08Xv: lower case in spite of the X.
  ['dovecot', ({ uid, uidValidity }) => hex(uid) + hex(uidValidity)],
  ['cyrus', ({ uid, uidValidity }) => `${uidValidity}.${uid}`],
  ['cyrus-uid', ({ uid }) => String(uid)],
  // What Courier prints; its database of older versions may hold other forms for old messages.
  ['courier', ({ uid, uidValidity }) => `UID${uid}-${uidValidity}`],
  // UW ipop3d and mailboxes that were migrated from it: %08Xv%08Xu.
  ['uw', ({ uid, uidValidity }) => hex(uidValidity) + hex(uid)],
])

export function uniqueIdMaker(format: UniqueIdFormat | UniqueIdMaker): UniqueIdMaker {
  const maker = typeof format === 'function' ? format : formats.get(format)
  if (!maker) throw new TypeError(`unknown uniqueId format ${format}`)
  return maker
}
