/** Checks 39 to 54: appends and octets. */
import { collectBytes } from '../../adapter.js'
import type { Op } from '../../types.js'
import { type CheckContext, expectRecount, expectWithin, mail, setOf, summary, text, timed } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal, fail } from '../failure.js'

const broken = 'signatures fail, attachments are corrupt, and sizes do not match what arrives'
const leftover = 'a message shows up twice, or one that was never accepted'
const filling = 'the disk fills with octets that nobody can see'

async function roundTrip(t: CheckContext, octets: Uint8Array, what: string): Promise<void> {
  const { id } = await t.inbox()
  const uids = await t.append(octets)
  const [row] = await t.rows(id, { uids: setOf(uids) })
  const read = await t.octets(row ?? fail(`${what}: the message is not there`))
  expectEqual(row.size, octets.length, `size of ${what}`)
  expectEqual(read.length, octets.length, `octets read of ${what}`)
  for (let i = 0; i < octets.length; i++) {
    if (read[i] !== octets[i]) fail(`${what}: octet ${i} was ${octets[i]} and is ${read[i]}`)
  }
  await expectLasting(t, row.blob, read.subarray(row.prefix?.length ?? 0), what)
}

/** Pieces are sent as views while others are read: their memory is not used again, unless that was asked for. */
async function expectLasting(t: CheckContext, blob: string, octets: Uint8Array, what: string): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of t.account.read(blob)) pieces.push(piece)
  let at = 0
  for (const piece of pieces) {
    for (const octet of piece) if (octet !== octets[at++]) fail(`${what}: a piece has changed since it was given`)
  }
  const reused: Uint8Array[] = []
  for await (const piece of t.account.read(blob, { start: 0, reuse: true })) reused.push(piece.slice())
  expectEqual(
    reused.reduce((sum, { length }) => sum + length, 0),
    octets.length,
    `octets of ${what} read with reuse`,
  )
}

async function readRange(t: CheckContext, blob: string, start: number, end?: number): Promise<number[]> {
  return [...(await collectBytes(t.account.read(blob, end === undefined ? { start } : { start, end })))]
}

/** A source that ends in an error. */
async function* breaking(): AsyncGenerator<Uint8Array> {
  yield text(mail('torn'))
  throw new Error('the connection was lost')
}

/** Octets made as they are read, so that the test holds none. */
function* pattern(size: number): Generator<Uint8Array> {
  const piece = new Uint8Array(65_536).map((_, i) => i % 253)
  for (let at = 0; at < size; at += piece.length) yield piece.subarray(0, Math.min(piece.length, size - at))
}

function appendOp(to: string, staged: Awaited<ReturnType<CheckContext['stage']>>, dedup?: string): Op {
  return { op: 'append', to, staged, summary, flags: 0, ...(dedup === undefined ? {} : { dedup }) }
}

export const byteChecks: readonly Definition[] = [
  check(39, 'R6', 'octets come back as they were, whatever they are', broken, async (t) => {
    await roundTrip(
      t,
      new Uint8Array(256).map((_, i) => i),
      'all octet values',
    )
    const kinds = [
      'a\r\nb\r\n',
      'bare\nLF\n',
      'bare\rCR\r',
      'NUL\0inside\r\n',
      'no final newline',
      '\r\n.\r\n',
      '\ufeffBOM\r\n',
    ]
    for (const kind of kinds) await roundTrip(t, text(kind), JSON.stringify(kind))
    await roundTrip(t, Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0x0d, 0x0a), 'octets that are not UTF-8')
    await roundTrip(
      t,
      // No two pieces have the same octets, whatever their size.
      new Uint8Array(200_001).map((_, i) => (i * 7) % 251),
      'a message of many pieces',
    )
  }),
  check(40, 'R6', 'a message of no octets', broken, async (t) => {
    await roundTrip(t, new Uint8Array(0), 'the empty message')
  }),
  check(41, 'API', 'a long message streams in, in pieces that are reused', broken, async (t) => {
    const size = t.scaled(2_000_000, 50_000_000)
    const before = memoryUsed()
    const staged = await t.writer().stage(pattern(size), { size })
    expectEqual(staged.size, size, 'the size staged')
    const grown = memoryUsed() - before
    // A store in memory cannot help it; it says so by counting what it holds.
    if (t.patience > 0 && before > 0 && size > 32_000_000 && !t.test.octetsHeld) {
      expect(grown < 32_000_000, `staging ${size} octets took ${grown} octets of memory`)
    }
    const reused = Uint8Array.of(1, 1, 1)
    const twice = await t.writer().stage(
      (function* () {
        yield reused
        reused.fill(2)
        yield reused
      })(),
    )
    expectEqual(await readRange(t, twice.blob, 0), [1, 1, 1, 2, 2, 2], 'pieces from one reused buffer')
  }),
  check(42, 'R4', 'a source that breaks off leaves nothing', leftover, async (t) => {
    const { id } = await t.inbox()
    const held = (await t.test.octetsHeld?.()) ?? 0
    await expectBroken(t.writer().stage(breaking()))
    expectEqual(await t.uids(id), [], 'messages after a broken source')
    if (t.test.advance) await t.test.advance(48 * 3_600_000)
    await t.test.collect?.()
    if (t.test.octetsHeld) expectEqual(await t.test.octetsHeld(), held, 'octets held after the lease')
  }),
  check(
    43,
    'API',
    'a source slower than the lease: renewed or `expired`, never half',
    'an accepted message cannot be read',
    async (t) => {
      const advance = t.need('advance')
      const lease = t.need('leaseMs')
      const { id } = await t.inbox()
      const slow = async function* () {
        yield text('Subject: slow\r\n')
        await advance(lease + 1000)
        await t.test.collect?.()
        yield text('\r\nslow\r\n')
      }
      try {
        const staged = await t.writer().stage(slow())
        await t.one(appendOp(id, staged))
      } catch (error) {
        expectEqual((error as { code?: string }).code, 'expired', 'the refusal')
        return
      }
      const [row] = await t.rows(id)
      expectEqual(new TextDecoder().decode(await t.octets(row!)), 'Subject: slow\r\n\r\nslow\r\n', 'the octets')
    },
  ),
  check(44, 'R4', 'what was only staged is invisible, and collected after its lease', filling, async (t) => {
    const { id } = await t.inbox()
    const held = (await t.test.octetsHeld?.()) ?? 0
    await t.stage(mail('never committed'))
    expectEqual((await t.info(id)).messages, 0, 'messages after stage alone')
    const advance = t.need('advance')
    await advance(48 * 3_600_000)
    await t.need('collect')()
    expectEqual(await t.need('octetsHeld')(), held, 'octets held after the lease')
  }),
  check(45, 'API', 'one staging serves two commits', 'a message to two recipients reaches one', async (t) => {
    const { id } = await t.inbox()
    const staged = await t.stage(mail('twice'))
    await t.one(appendOp(id, staged))
    await t.one(appendOp(id, staged))
    for (const row of await t.rows(id)) {
      expectEqual(new TextDecoder().decode(await t.octets(row)), mail('twice'), `octets of UID ${row.uid}`)
    }
    expectEqual((await t.info(id)).messages, 2, 'messages')
  }),
  check(
    46,
    'R4',
    'a commit of what has expired is refused with `expired`',
    'an accepted message has no octets',
    async (t) => {
      const advance = t.need('advance')
      const { id } = await t.inbox()
      const staged = await t.stage(mail('late'))
      await advance((t.test.leaseMs ?? 3_600_000) + 60_000)
      await expectRefusal(t.one(appendOp(id, staged)), ['expired'], 'a commit behind the lease')
      expectEqual(await t.uids(id), [], 'the mailbox')
    },
  ),
  check(47, 'API', 'ranges: start, end, beyond the end, empty', broken, async (t) => {
    const octets = new Uint8Array(150_000).map((_, i) => i % 251)
    const { blob } = await t.stage(octets)
    const cases = [
      [0, 100],
      [149_999, 150_000],
      [149_990, 200_000],
      [150_000, 150_010],
      [10, 10],
      [65_530, 65_540],
      [500_000, 500_001],
    ]
    for (const [start, end] of cases as [number, number][]) {
      expectEqual(await readRange(t, blob, start, end), [...octets.subarray(start, end)], `range ${start} to ${end}`)
    }
    expectEqual((await readRange(t, blob, 149_000)).length, 1000, 'octets of a range without end')
  }),
  check(
    48,
    'API',
    'a short range of a long message costs as much as the range',
    'opening one attachment reads the whole message',
    async (t) => {
      const size = t.scaled(1_000_000, 20_000_000)
      const { blob } = await t.writer().stage(pattern(size), { size })
      const times: number[] = []
      for (let i = 0; i < 15; i++) times.push(await timed(() => readRange(t, blob, size - 1000, size - 900)))
      expectWithin(t, times.sort((a, b) => a - b)[7]!, 5, 'a range of 100 octets (median)')
    },
  ),
  check(49, 'API', 'prefix and blob: the size is that of both, the range that of the blob', broken, async (t) => {
    const { id } = await t.inbox()
    const prefix = text('Delivered-To: ann@example.org\r\n')
    await t.append(mail('prefixed'), { prefix })
    await t.append(mail('prefixed'))
    const [with_, without] = await t.rows(id)
    expectEqual(with_!.size, prefix.length + without!.size, 'size with prefix')
    expectEqual(with_!.prefix, prefix, 'the prefix')
    const whole = new TextDecoder().decode(await t.octets(with_!))
    expectEqual(whole, `${new TextDecoder().decode(prefix)}${mail('prefixed')}`, 'prefix and blob')
    expectEqual(
      await readRange(t, with_!.blob, 0, 4),
      [...text(mail('prefixed')).subarray(0, 4)],
      'a range of the blob',
    )
  }),
  check(50, 'R4', 'five appends, the third over quota: none is there', leftover, async (t) => {
    const setQuota = t.need('setQuota')
    const { id } = await t.inbox()
    const staged = await t.stage(mail('five'))
    await setQuota(t.test.account, { messages: 2 })
    const before = await t.info(id)
    const five = Array.from({ length: 5 }, () => appendOp(id, staged))
    await expectRefusal(t.commit(...five), ['overquota'], 'five appends with room for two')
    const after = await t.info(id)
    expectEqual(
      [after.messages, after.modseq],
      [before.messages, before.modseq],
      'messages and modseq after the refusal',
    )
    expectEqual(await t.uids(id), [], 'the mailbox after the refusal')
    await t.commit(...five.slice(0, 2))
    expectEqual((await t.info(id)).messages, 2, 'messages after two that fit')
  }),
  check(51, 'API', 'a dedup key seen before gives the first delivery', leftover, async (t) => {
    const { id } = await t.inbox()
    const first = await t.one(appendOp(id, await t.stage(mail('dedup')), 'key-1'))
    const before = await t.info(id)
    const again = await t.one(appendOp(id, await t.stage(mail('dedup')), 'key-1'))
    expectEqual(again.duplicate, true, 'duplicate')
    expectEqual(again.uids, first.uids, 'uids')
    expect(!first.duplicate, 'the first delivery is called a duplicate')
    expectEqual((await t.info(id)).messages, 1, 'messages')
    expectEqual((await t.info(id)).modseq, before.modseq, 'the modseq after a duplicate')
    const other = await t.one(appendOp(id, await t.stage(mail('dedup')), 'key-2'))
    expect(!other.duplicate, 'the same octets with another key are called a duplicate')
    await expectRecount(t, id)
  }),
  check(52, 'API', 'one dedup key from two handles at once: one message', leftover, async (t) => {
    const second = await t.another()
    const { id } = await t.inbox()
    const staged = [await t.stage(mail('both')), await t.stage(mail('both'), second)] as const
    const results = await Promise.all([
      t.one(appendOp(id, staged[0], 'k')),
      t.one(appendOp(id, staged[1], 'k'), second),
    ])
    expectEqual((await t.info(id)).messages, 1, 'messages')
    expectEqual(results[0].uids, results[1].uids, 'uids of both')
    expectEqual(results.filter((result) => result.duplicate).length, 1, 'results that say duplicate')
  }),
  check(53, 'API', 'a dedup key of another account is another key', 'mail to two users reaches one', async (t) => {
    const other = await t.openOn(t.test.store, t.need('otherAccount'))
    for (const on of [t.account, other]) {
      const { id } = await t.inbox(on)
      const result = await t.one(appendOp(id, await t.stage(mail('shared key'), on), 'shared'), on)
      expect(!result.duplicate, 'a key of another account is called a duplicate')
      expectEqual((await t.inbox(on)).messages, 1, 'messages')
    }
  }),
  check(54, 'R4', 'a commit repeated with its key has one effect', leftover, async (t) => {
    const { id } = await t.inbox()
    const op = appendOp(id, await t.stage(mail('retried')))
    const first = await t.writer().commit([op], 'commit-key')
    // The answer was lost; the client comes back on another handle.
    const again = await (await t.another()).commit([op], 'commit-key')
    expectEqual(again.results[0]?.uids, first.results[0]?.uids, 'uids')
    expectEqual((await t.info(id)).messages, 1, 'messages')
  }),
]

async function expectBroken(staging: Promise<unknown>): Promise<void> {
  const outcome = await staging.then(
    () => 'resolved',
    () => 'rejected',
  )
  expectEqual(outcome, 'rejected', 'stage of a source that throws')
}

/** Octets of the process, where the runtime says so. */
function memoryUsed(): number {
  const { process } = globalThis as { process?: { memoryUsage?: { rss?: () => number } } }
  return process?.memoryUsage?.rss?.() ?? 0
}
