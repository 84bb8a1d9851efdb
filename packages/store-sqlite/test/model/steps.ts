/** What is asked of both stores: drawn at random, most of it where two features meet. */
import { allRights, type SearchExpr, type UidSet, uidSetOf } from '@posthouse/store-api'
import fc from 'fast-check'

/** An account, or who opens one. */
export type Name = 'anna' | 'ben' | 'cora'

/** Mailboxes are named by their number in the account, so that a counterexample can be read. */
export type Box = `#${number}`

/** One step. `peer`: by the other one of two stores on the same files. `kept`: by a handle that was opened long ago. */
export type Step =
  | {
      readonly do: 'commit'
      readonly account: 'anna' | 'ben'
      readonly who: Name
      readonly ops: readonly object[]
      readonly key: string | undefined
      readonly peer: boolean
      readonly kept: boolean
    }
  | {
      readonly do: 'deliver'
      readonly to: readonly object[]
      readonly size: number
      readonly thread: object | undefined
    }
  | {
      readonly do: 'across'
      readonly op: 'copy' | 'move'
      readonly fromMine: boolean
      readonly from: Box
      readonly to: Box
      readonly uids: UidSet
    }
  | { readonly do: 'quota'; readonly bytes: number | null; readonly messages: number | null }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'remove' | 'reopen' }
  | {
      readonly do: 'look'
      readonly who: Name
      readonly box: Box
      /** How many modification sequences back. */
      readonly back: number
      readonly uids: UidSet
      readonly expr: SearchExpr
    }

/** Octets that are staged: distinct ones of these sizes. */
export const SIZES = [0, 10, 25] as const

const box = fc.constantFrom<Box>('#0', '#0', '#0', '#1', '#1', '#2', '#3', '#4')
const flags = fc.oneof(fc.constantFrom(1, 8, 9), fc.nat({ max: 31 }))
const keywords = fc.subarray(['$Junk', 'Work', '$junk', 'work', 'a'])
const uids = fc.oneof(
  fc.constant<UidSet>([[1, 4294967295]]),
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }).map((some) => uidSetOf(some)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 6 })).map(([lo, more]): UidSet => [[lo, lo + more]]),
)
const segment = fc.constantFrom('INBOX', 'inbox', 'A', 'A', 'a', 'B', 'A\u030a', '\u00c5', '')
const path = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom('A', 'B', 'inbox'), { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 3 }) },
)
const dedup = fc.constantFrom('d', 'e', 'f')
const size = fc.constantFrom(...SIZES)
const thread = fc.record({
  ids: fc.subarray(['1@x', '2@x', '3@x', '4@x']),
  subject: fc.constantFrom('s', 's', 't'),
})
const prefix = fc.constantFrom(undefined, undefined, new Uint8Array(), new Uint8Array([1, 2, 3]))
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
const append = fc.record(
  {
    ...{ op: fc.constant('append'), to: box, flags, size, summary },
    ...{ keywords, dedup, internalDate: fc.constantFrom(-1.5, 0, 1_700_000_000_000.25), thread, prefix, header },
  },
  { requiredKeys: ['op', 'to', 'flags', 'size', 'summary'] },
)
const transfer = fc.record({ op: fc.constantFrom('copy', 'move'), from: box, to: box, uids })
const store = fc.record(
  {
    ...{ op: fc.constant('flags'), in: box, uids, mode: fc.constantFrom('add', 'remove', 'set'), flags, keywords },
    ...{ unchangedSince: fc.nat({ max: 6 }) },
  },
  { requiredKeys: ['op', 'in', 'uids', 'mode', 'flags'] },
)
const expunge = fc.record(
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
const ops: fc.Arbitrary<readonly object[]> = fc.oneof(
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

const { expr } = fc.letrec<{ expr: SearchExpr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(1, 2, 4, 8, 16, 9).map((flag): SearchExpr => ({ type: 'flag', flag })),
    fc
      .constantFrom('$Junk', 'WORK', 'wor', 'a', 'work $junk')
      .map((keyword): SearchExpr => ({ type: 'keyword', keyword })),
    uids.map((uids): SearchExpr => ({ type: 'uids', uids })),
    fc.nat({ max: 30 }).map((larger): SearchExpr => ({ type: 'size', larger })),
    fc.nat({ max: 30 }).map((smaller): SearchExpr => ({ type: 'size', smaller })),
    fc
      .constantFrom('internal', 'saved')
      .map((which): SearchExpr => ({ type: 'date', which, from: -2, before: 1_700_000_000_000 })),
    fc.nat({ max: 9 }).map((n): SearchExpr => ({ type: 'emailId', id: `#${n}` })),
    fc.nat({ max: 5 }).map((n): SearchExpr => ({ type: 'threadId', id: `#${n}` })),
    fc.nat({ max: 4 }).map((atLeast): SearchExpr => ({ type: 'modseq', atLeast })),
    fc.constant<SearchExpr>({ type: 'all' }),
    tie('expr').map((of): SearchExpr => ({ type: 'not', of })),
    fc
      .tuple(fc.constantFrom<'and' | 'or'>('and', 'or'), fc.array(tie('expr'), { maxLength: 3 }))
      .map(([type, of]): SearchExpr => ({ type, of })),
  ),
}))

const who = fc.constantFrom<Name>('anna', 'anna', 'ben', 'ben', 'ben', 'cora')
const account = fc.constantFrom<'anna' | 'ben'>('anna', 'anna', 'anna', 'anna', 'ben')
const key = fc.constantFrom(undefined, undefined, undefined, undefined, undefined, undefined, 'k', 'l')
const target = fc.record(
  { account: fc.constantFrom('anna', 'anna', 'ben', 'nobody'), path, dedup, flags, keywords, prefix },
  { requiredKeys: ['account', 'dedup'] },
)
const rarely = fc.integer({ min: 0, max: 24 }).map((n) => n === 24)

const word = (who: Name, ops: readonly object[], account: 'anna' | 'ben' = 'anna'): Step => ({
  ...{ do: 'commit', account, who, ops, key: undefined, peer: false, kept: false },
})

const message = (flags: number, keyword: string) => ({
  ...{ op: 'append', to: '#0', size: 10, summary: new Uint8Array(), flags, keywords: [keyword] },
})

/**
 * A shared INBOX with messages of all kinds and with what guests keep for themselves, a shared tree in which guests may do less,
 * and something of a guest's own.
 */
const beginning: readonly Step[] = [
  word('anna', [
    { op: 'acl', in: '#0', identifier: 'ben', mode: 'set', rights: 'lrswikxtea' },
    { op: 'create', path: ['A'] },
    { op: 'acl', in: { made: 1 }, identifier: 'ben', mode: 'set', rights: 'lrsite' },
    { op: 'acl', in: { made: 1 }, identifier: 'staff', mode: 'set', rights: 'lrswi' },
    { op: 'acl', in: { made: 1 }, identifier: '-ben', mode: 'set', rights: 'x' },
    { op: 'create', path: ['A', 'B'] },
    ...[message(0, 'Work'), message(1, 'Work'), message(8, 'a'), message(9, '$Junk')],
  ]),
  word('ben', [message(8, 'a')], 'ben'),
  word('ben', [
    { op: 'flags', in: '#0', uids: [[1, 2]], mode: 'add', flags: 1 },
    { op: 'copy', from: '#0', to: '#1', uids: [[1, 3]] },
    { op: 'subscribe', path: ['A'], on: true },
  ]),
]

/** A guest at work in what is shared with it. */
const guestAtWork: fc.Arbitrary<Step> = fc
  .tuple(
    fc.constantFrom<Name>('ben', 'ben', 'cora'),
    fc.oneof(store, store, transfer, append, expunge),
    fc.constantFrom('#0', '#1', '#1', '#2'),
    fc.constantFrom('#0', '#1', '#2'),
  )
  .map(([who, op, from, to]) => {
    const boxes = { in: from, from, to }
    return word(who, [Object.fromEntries(Object.entries(op).map(([key, value]) => [key, boxes[key as 'in'] ?? value]))])
  })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: guestAtWork },
  {
    weight: 24,
    arbitrary: fc.record({ do: fc.constant('commit'), account, who, ops, key, peer: rarely, kept: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ do: fc.constant('deliver'), to: fc.array(target, { minLength: 1, maxLength: 2 }), size },
      thread: fc.option(thread, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ do: fc.constant('across'), op: fc.constantFrom<'copy' | 'move'>('copy', 'move'), fromMine: fc.boolean() },
      ...{ from: box, to: box, uids },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('quota'),
      bytes: fc.constantFrom(null, 0, 50, 100),
      messages: fc.constantFrom(null, 0, 6, 12),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(7, 1_000_001, 3_600_007, -7_200_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('remove', 'reopen') }) },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('look'), who, box, back: fc.nat({ max: 8 }), uids, expr }),
  },
) as fc.Arbitrary<Step>

/** A story: what two stores are asked, one after the other. */
export const story: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { minLength: 1, maxLength: 70, size: 'max' })
  .map((steps) => [...beginning, ...steps])
