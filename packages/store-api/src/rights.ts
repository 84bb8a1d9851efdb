/**
 * Access lists (RFC 4314) as values: for stores that keep them and for protocols that speak of them. Rights are a string
 * of letters in the order `lrswipkxtea`; `undefined` are those of the owner, which are all and cannot be taken away.
 */
import { StoreError } from './errors.js'
import { normaliseMailboxPath } from './mailbox-name.js'
import { type AclEntry, type AclOp, Flag, type FlagsOp, type MailboxRef, type Op, type Principal } from './types.js'

/** All letters of RFC 4314 §2.1, in the order in which rights are written. */
export const allRights = 'lrswipkxtea'

/** Letters in order and once. @throws StoreError `invalid` for a letter that RFC 4314 §2.1 does not have */
export function normaliseRights(letters: string): string {
  for (const letter of letters) {
    if (!allRights.includes(letter)) throw new StoreError('invalid', `there is no right "${letter}"`)
  }
  return [...allRights].filter((letter) => letters.includes(letter)).join('')
}

/** What a line of an access list becomes. @throws StoreError `invalid` */
export function changeRights(before: string, { mode, rights }: Pick<AclOp, 'mode' | 'rights'>): string {
  const named = normaliseRights(rights)
  if (mode === 'set') return named
  return mode === 'add'
    ? normaliseRights(before + named)
    : [...before].filter((letter) => !named.includes(letter)).join('')
}

/**
 * The line of an access list that an op means. @throws StoreError `invalid` for an identifier that is empty, has a control
 * character or names the owner
 */
export function checkIdentifier(owner: string, identifier: string): string {
  const name = identifier.normalize('NFC')
  if (name === '' || name === '-' || name.length > 255 || /\p{Cc}/u.test(name)) {
    throw new StoreError('invalid', 'that is no name for an access list')
  }
  const own = owner.normalize('NFC')
  if (name === own || name === `-${own}`) {
    throw new StoreError('invalid', 'the owner of a mailbox has all rights, and keeps them')
  }
  return name
}

/** Identifiers of an access list that mean this principal: itself, its groups, and everybody; in NFC, as lists have them. */
export function identifiersOf({ principal, groups = [] }: Principal): readonly string[] {
  return [principal, ...groups, 'anyone'].map((name) => name.normalize('NFC'))
}

/**
 * Identifiers of lines that go with a principal who is gone: those that give it rights and those that take them away. A
 * name that begins with `-` has no lines of the first kind: they are those of somebody else.
 */
export function linesOf(principal: string): readonly string[] {
  const name = principal.normalize('NFC')
  return name.startsWith('-') ? [`-${name}`] : [name, `-${name}`]
}

/** What the lines of an access list give a principal together, less what lines with `-` take away (RFC 4314 §2). */
export function rightsOf(acl: Iterable<AclEntry>, as: Principal): string {
  const identifiers = identifiersOf(as)
  let given = ''
  let taken = ''
  for (const { identifier, rights } of acl) {
    // Never the name of somebody, who would get what is taken from another.
    if (identifier.startsWith('-')) taken += identifiers.includes(identifier.slice(1)) ? rights : ''
    else if (identifiers.includes(identifier)) given += rights
  }
  return [...allRights].filter((letter) => given.includes(letter) && !taken.includes(letter)).join('')
}

/** May a principal with these rights know that the mailbox is there? */
export function isVisible(rights: string | undefined): boolean {
  return rights === undefined || rights.includes('l') || rights.includes('r')
}

/**
 * What a principal may not see does not exist for it; what it sees, it may still not be allowed to do.
 * @throws StoreError `noperm`, `nonexistent`
 */
export function requireRights(rights: string | undefined, letters: string): void {
  if (rights === undefined) return
  for (const letter of letters) {
    if (rights.includes(letter)) continue
    if (!isVisible(rights)) throw new StoreError('nonexistent', 'there is no such mailbox')
    throw new StoreError('noperm', `the right "${letter}" is missing`)
  }
}

/** Annotations want `l` and one of these (RFC 5464 §3.3). @throws StoreError `noperm`, `nonexistent` */
export function requireAnnotating(rights: string | undefined): void {
  requireRights(rights, 'l')
  if (rights !== undefined && ![...'rswip'].some((letter) => rights.includes(letter))) {
    throw new StoreError('noperm', 'none of the rights "rswip" is there')
  }
}

/** Flags that a principal may change (RFC 4314 §4). */
export interface FlagPermit {
  /** Bits of `Flag`. */
  readonly flags: number
  readonly keywords: boolean
}

const systemFlags = Flag.Seen | Flag.Answered | Flag.Flagged | Flag.Deleted | Flag.Draft

/** `s` for \Seen, `t` for \Deleted, `w` for all others and for keywords. */
export function flagPermit(rights: string | undefined): FlagPermit {
  if (rights === undefined) return { flags: systemFlags, keywords: true }
  const others = rights.includes('w') ? systemFlags & ~(Flag.Seen | Flag.Deleted) : 0
  const seen = rights.includes('s') ? Flag.Seen : 0
  const deleted = rights.includes('t') ? Flag.Deleted : 0
  return { flags: seen | deleted | others, keywords: rights.includes('w') }
}

/**
 * What a STORE may change. @throws StoreError `noperm` when it names flags and may change none of them, `nonexistent`
 */
export function permitFlags(op: FlagsOp, rights: string | undefined): FlagPermit {
  const permit = flagPermit(rights)
  if (rights === undefined) return permit
  const { keywords = [], flags, mode } = op
  const some =
    mode === 'set'
      ? permit.flags !== 0
      : (flags & permit.flags) !== 0 ||
        (keywords.length > 0 && permit.keywords) ||
        (flags === 0 && keywords.length === 0)
  if (!some) requireRights(rights, 'swt')
  return permit
}

/** The bits of a message after a STORE that may change `permit`. */
export function flagsAfter(before: number, { mode, flags }: FlagsOp, permit: FlagPermit): number {
  const named = flags & permit.flags
  if (mode === 'add') return before | named
  return mode === 'remove' ? before & ~named : (before & ~permit.flags) | named
}

/** How `guardOp` learns the rights of the principal. */
export interface RightsLookup {
  /** In a mailbox. @throws StoreError `nonexistent` */
  of(mailbox: MailboxRef): string | undefined
  /** In the nearest mailbox above a path, which comes normalised; `''` when there is none. */
  above(path: readonly string[]): string | undefined
}

/**
 * May a principal who is not the owner do this (RFC 4314 §4)?
 * @throws StoreError `noperm`, `nonexistent`; `invalid` and `limit` for what is no name of a mailbox
 */
export function guardOp(op: Op, rights: RightsLookup): void {
  switch (op.op) {
    case 'append':
      return requireRights(rights.of(op.to), 'i')
    case 'copy':
    case 'move':
      requireRights(rights.of(op.from), op.op === 'copy' ? 'r' : 'rte')
      return requireRights(rights.of(op.to), 'i')
    case 'flags':
      return void permitFlags(op, rights.of(op.in))
    case 'expunge':
      return requireRights(rights.of(op.in), 'e')
    case 'create':
      return requireAbove(rights, op.path, op.role === undefined ? 'k' : 'ka')
    case 'mailbox':
      requireRights(rights.of(op.id), op.role === undefined ? 'x' : 'xa')
      if (op.path) requireAbove(rights, op.path, 'k')
      return
    case 'drop':
      return requireRights(rights.of(op.id), 'x')
    case 'acl':
      return requireRights(rights.of(op.in), 'a')
    case 'meta':
      if (op.mailbox !== undefined) return requireAnnotating(rights.of(op.mailbox))
      if (!op.private) throw new StoreError('noperm', 'only the owner annotates the account')
      return
    case 'subscribe':
      // Everybody has a list of its own.
      return
  }
}

function requireAbove(rights: RightsLookup, path: readonly string[], letters: string): void {
  const above = rights.above(normaliseMailboxPath(path))
  for (const letter of above === undefined ? '' : letters) {
    if (!above?.includes(letter)) throw new StoreError('noperm', `the right "${letter}" is missing above this name`)
  }
}
