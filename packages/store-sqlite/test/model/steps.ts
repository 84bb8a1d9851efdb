/** What is asked of both stores: drawn at random, most of it where two features meet. */
import type { SearchExpr, UidSet } from '@posthouse/store-api'
import fc from 'fast-check'
import {
  append,
  type Box,
  box,
  dedup,
  expunge,
  flags,
  keywords,
  ops,
  path,
  prefix,
  size,
  store,
  thread,
  transfer,
  uids,
} from './ops.js'

/** An account, or who opens one. */
export type Name = 'anna' | 'ben' | 'cora'

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
