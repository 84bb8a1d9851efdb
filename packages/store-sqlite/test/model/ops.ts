/** Ops and lists of ops: drawn at random, most of them where two features meet. */
import { allRights, type UidSet, uidSetOf } from '@posthouse/store-api'
import fc from 'fast-check'

/** Mailboxes are named by their number in the account, so that a counterexample can be read. */
export type Box = `#${number}`

/** Octets that are staged: distinct ones of these sizes. */
export const SIZES = [0, 10, 25] as const

export const box = fc.constantFrom<Box>('#0', '#0', '#0', '#1', '#1', '#2', '#3', '#4')
export const flags = fc.oneof(fc.constantFrom(1, 8, 9), fc.nat({ max: 31 }))
export const keywords = fc.subarray(['$Junk', 'Work', '$junk', 'work', 'a'])
export const uids = fc.oneof(
  fc.constant<UidSet>([[1, 4294967295]]),
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }).map((some) => uidSetOf(some)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 6 })).map(([lo, more]): UidSet => [[lo, lo + more]]),
)
const segment = fc.constantFrom('INBOX', 'inbox', 'A', 'A', 'a', 'B', 'A\u030a', '\u00c5', '')
export const path = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom('A', 'B', 'inbox'), { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 3 }) },
)
export const dedup = fc.constantFrom('d', 'e', 'f')
export const size = fc.constantFrom(...SIZES)
export const thread = fc.record({
  ids: fc.subarray(['1@x', '2@x', '3@x', '4@x']),
  subject: fc.constantFrom('s', 's', 't'),
})
export const prefix = fc.constantFrom(undefined, undefined, new Uint8Array(), new Uint8Array([1, 2, 3]))
const summary = fc.constantFrom(new Uint8Array(), new Uint8Array([7]), new Uint8Array([7, 8]))
const header = fc.constantFrom(undefined, new Uint8Array([9, 9]))

/** All but one, one, or any: the first are where a check that is missing shows. */
const rights = fc.oneof(
  fc.constantFrom(...allRights).map((letter) => allRights.replace(letter, '')),
  fc.constantFrom('', 'lrk', 'lrswikxte', 'lr', 'l', 'lrs', 'lrw', 'lrt', 'lri', allRights, 'z'),
  fc.subarray([...allRights]).map((letters) => letters.join('')),
)
const identifier = fc.constantFrom(
  'ben',
  'ben',
  'ben',
  '-ben',
  'anyone',
  '-anyone',
  'staff',
  '-staff',
  'cora',
  'Ben',
  'anna',
)

/** Without what each side has names of its own for. */
export const append = fc.record(
  {
    ...{ op: fc.constant('append'), to: box, flags, size, summary },
    ...{ keywords, dedup, internalDate: fc.constantFrom(-1.5, 0, 1_700_000_000_000.25), thread, prefix, header },
  },
  { requiredKeys: ['op', 'to', 'flags', 'size', 'summary'] },
)
export const transfer = fc.record({ op: fc.constantFrom('copy', 'move'), from: box, to: box, uids })
export const store = fc.record(
  {
    ...{ op: fc.constant('flags'), in: box, uids, mode: fc.constantFrom('add', 'remove', 'set'), flags, keywords },
    ...{ unchangedSince: fc.nat({ max: 6 }) },
  },
  { requiredKeys: ['op', 'in', 'uids', 'mode', 'flags'] },
)
export const expunge = fc.record(
  { op: fc.constant('expunge'), in: box, onlyDeleted: fc.boolean(), uids },
  { requiredKeys: ['op', 'in', 'onlyDeleted'] },
)
const create = fc.record(
  { op: fc.constant('create'), path, role: fc.constantFrom('sent', 'trash') },
  { requiredKeys: ['op', 'path'] },
)
const mailbox = fc.record(
  { op: fc.constant('mailbox'), id: box, path, noSelect: fc.boolean(), role: fc.constantFrom('sent', null) },
  { requiredKeys: ['op', 'id'] },
)
const drop = fc.record({ op: fc.constant('drop'), id: box })
const subscribe = fc.record({ op: fc.constant('subscribe'), path, on: fc.boolean() })
const acl = fc.record({
  ...{ op: fc.constant('acl'), in: box, mode: fc.constantFrom('set', 'set', 'add', 'remove'), identifier, rights },
})
const meta = fc.record(
  {
    ...{ op: fc.constant('meta'), key: fc.constantFrom('/a', '/b'), private: fc.boolean(), mailbox: box },
    value: fc.constantFrom(null, new Uint8Array(), new Uint8Array([1])),
  },
  { requiredKeys: ['op', 'key', 'value'] },
)

const op: fc.Arbitrary<object> = fc.oneof(
  { weight: 5, arbitrary: append },
  { weight: 5, arbitrary: transfer },
  { weight: 5, arbitrary: store },
  { weight: 3, arbitrary: expunge },
  { weight: 3, arbitrary: create },
  { weight: 3, arbitrary: mailbox },
  { weight: 1, arbitrary: drop },
  { weight: 1, arbitrary: subscribe },
  { weight: 4, arbitrary: acl },
  { weight: 2, arbitrary: meta },
)

/** What belongs together: a tree is renamed, a name is made again, a message replaced, a mailbox made and filled. */
export const ops: fc.Arbitrary<readonly object[]> = fc.oneof(
  { weight: 8, arbitrary: fc.array(op, { minLength: 1, maxLength: 1 }) },
  { weight: 4, arbitrary: fc.array(op, { minLength: 2, maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(path, fc.nat({ max: 9 })).map(([path, n]) => [
      { op: 'mailbox', id: '#1', path: [`T${n % 2}`, ...path] },
      { op: 'mailbox', id: '#2', path: [`T${n % 2}`, ...path, 'A'] },
    ]),
  },
  // A name is looked up, changes its owner, and is looked up again.
  {
    weight: 1,
    arbitrary: fc.tuple(box, path, path).map(([id, path, other]) => [
      { op: 'mailbox', id, path },
      { op: 'create', path: other },
    ]),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(box, path, append).map(([id, path, append]) => [
      { op: 'drop', id },
      { op: 'create', path },
      { ...append, to: { made: 1 } },
    ]),
  },
  { weight: 1, arbitrary: fc.tuple(expunge, append).map(([expunge, append]) => [expunge, append]) },
  { weight: 1, arbitrary: fc.tuple(append, expunge).map(([append, expunge]) => [append, expunge]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(create, transfer, acl)
      .map(([create, transfer, acl]) => [create, { ...transfer, to: { made: 0 } }, { ...acl, in: { made: 0 } }]),
  },
)
