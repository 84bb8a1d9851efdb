/** Checks 1 to 14: UIDs and UIDVALIDITY. */
import { isWritable } from '../../fallbacks.js'
import type { CheckContext, OpenAccount } from '../context.js'
import { breathe, mail } from '../context.js'
import { check, type Definition } from '../define.js'
import { expect, expectEqual, expectRefusal, fail } from '../failure.js'

const wrongMessage = 'a client that has cached a UID shows another message in its place, or deletes the wrong one'
const lostMessage = 'a client that asks for what is new above the last UID never shows this message'

function ascending(uids: readonly number[]): void {
  uids.forEach((uid, i) => {
    if (i > 0 && uid <= uids[i - 1]!) fail(`UID ${uid} comes after UID ${uids[i - 1]}`)
  })
}

/** Commits from eight writers, appends unless said otherwise, while `look` runs again and again; a last look follows. */
export async function underWriters(
  t: CheckContext,
  look: () => Promise<void>,
  write = (on: OpenAccount, w: number, i: number): Promise<unknown> =>
    t.append(mail(`writer ${w} message ${i}`), { on }),
): Promise<void> {
  const writers = await Promise.all(Array.from({ length: 8 }, (_, i) => (i % 2 ? t.another() : t.openOn(t.test.store))))
  t.writer()
  const each = t.scaled(12, 400)
  let running = true
  const work = Promise.all(
    writers.map(async (on, w) => {
      for (let i = 0; i < each; i++) {
        await write(on, w, i)
        await breathe()
      }
    }),
  ).finally(() => {
    running = false
  })
  // Awaited below; a look that fails first must not make it an unhandled rejection.
  work.catch(() => {})
  try {
    while (running) {
      await look()
      await breathe()
    }
  } finally {
    await work
  }
  await look()
}

export const numberChecks: readonly Definition[] = [
  check(1, 'R6', 'the first UID is at least 1 and uidNext is above every UID', wrongMessage, async (t) => {
    const before = await t.inbox()
    expect(before.uidNext >= 1, `uidNext of an empty mailbox is ${before.uidNext}`)
    const [uid] = await t.append(mail('first'))
    expect(Number.isInteger(uid) && uid! >= 1, `the first UID is ${uid}`)
    const { uidNext } = await t.inbox()
    expect(uidNext > uid!, `uidNext is ${uidNext} after UID ${uid}`)
  }),
  check(2, 'R1', 'UIDs ascend strictly over many appends', lostMessage, async (t) => {
    const uids: number[] = []
    for (let i = 0; i < t.scaled(100, 1000); i++) uids.push(...(await t.append(mail(`number ${i}`))))
    ascending(uids)
    expectEqual(await t.uids((await t.inbox()).id), uids, 'the UIDs that messages() gives')
  }),
  check(3, 'R6', 'the UID of an expunged last message is not used again', wrongMessage, async (t) => {
    const { id } = await t.inbox()
    const [uid] = await t.append(mail('one'), { times: 3 }).then((uids) => uids.slice(-1))
    await t.one({ op: 'expunge', in: id, uids: [[uid!, uid!]], onlyDeleted: false })
    const [next] = await t.append(mail('two'))
    expect(next! > uid!, `UID ${uid} was expunged, and the next message got UID ${next}`)
  }),
  check(4, 'R6', 'no UID is used again after all messages were expunged', wrongMessage, async (t) => {
    const { id } = await t.inbox()
    const uids = await t.append(mail('many'), { times: 5 })
    await t.one({ op: 'expunge', in: id, onlyDeleted: false })
    const [next] = await t.append(mail('after'))
    expect(next! > uids.at(-1)!, `UIDs up to ${uids.at(-1)} were expunged, and the next message got UID ${next}`)
  }),
  check(5, 'R6', 'no UID is used again after a restart', wrongMessage, async (t) => {
    const reopen = t.need('reopen')
    const { id } = await t.inbox()
    const uids = await t.append(mail('before'), { times: 3 })
    await t.one({ op: 'expunge', in: id, onlyDeleted: false })
    const on = await t.openOn(await reopen())
    const [next] = await t.append(mail('after'), { on })
    expect(next! > uids.at(-1)!, `UIDs up to ${uids.at(-1)} were given before the restart, UID ${next} after it`)
  }),
  check(
    6,
    'R4',
    'UIDs of one commit are contiguous and in op order',
    'MULTIAPPEND answers with a wrong APPENDUID',
    async (t) => {
      const staged = await Promise.all(Array.from({ length: 100 }, (_, i) => t.stage(mail(`batch ${i}`))))
      const { id } = await t.inbox()
      const { results } = await t.commit(
        ...staged.map((each) => ({
          op: 'append' as const,
          to: id,
          staged: each,
          summary: new Uint8Array(0),
          flags: 0,
        })),
      )
      const uids = results.map((result) => result.uids?.[0]?.[0] ?? fail('an append has no UID'))
      for (const [i, uid] of uids.entries()) expectEqual(uid, uids[0]! + i, `UID of append ${i}`)
      const rows = await t.rows(id)
      expectEqual(
        rows.map(({ blob }) => blob),
        staged.map(({ blob }) => blob),
        'the blobs by UID',
      )
    },
  ),
  check(7, 'R1', 'with eight writers, no UID appears below one that was seen', lostMessage, async (t) => {
    const { id } = await t.inbox()
    const seen = new Set<number>()
    await underWriters(t, async () => {
      const highest = Math.max(0, ...seen)
      for (const uid of await t.uids(id)) {
        if (!seen.has(uid) && uid < highest) fail(`UID ${uid} appeared after UID ${highest} had been seen`)
        seen.add(uid)
      }
    })
  }),
  check(
    8,
    'R2',
    'with eight writers, "changed since" misses nothing',
    'a CONDSTORE client misses changes for ever',
    async (t) => {
      const { id } = await t.inbox()
      const pulled = new Set<number>()
      let cursor = 0
      await underWriters(t, async () => {
        const { modseq } = await t.info(id)
        for (const { uid } of await t.rows(id, { since: cursor })) pulled.add(uid)
        cursor = modseq
      })
      for (const uid of await t.uids(id)) expect(pulled.has(uid), `UID ${uid} was in no pull of "changed since"`)
    },
  ),
  check(9, 'R1', 'uidNext never exceeds a UID that is given later', lostMessage, async (t) => {
    for (let i = 0; i < t.scaled(20, 200); i++) {
      const { uidNext } = await t.inbox()
      const [uid] = await t.append(mail(`predicted ${i}`))
      expect(uid! >= uidNext, `uidNext was ${uidNext}, and then came UID ${uid}`)
    }
  }),
  check(10, 'R8', 'UIDVALIDITY lies in 1 to 2^32-1', 'clients refuse the mailbox or cut the number off', async (t) => {
    if (isWritable(t.account)) await t.create('Valid')
    for (const { path, uidValidity } of await t.account.mailboxes()) {
      const good = Number.isInteger(uidValidity) && uidValidity >= 1 && uidValidity <= 4_294_967_295
      expect(good, `uidValidity of ${path.join('/')} is ${uidValidity}`)
    }
  }),
  check(11, 'R8', 'a name that is deleted and made anew has a larger UIDVALIDITY', wrongMessage, async (t) => {
    let before = await t.create('Again')
    for (let i = 0; i < 3; i++) {
      await t.one({ op: 'drop', id: before.id })
      const after = await t.create('Again')
      expect(
        after.uidValidity > before.uidValidity,
        `uidValidity went from ${before.uidValidity} to ${after.uidValidity}`,
      )
      before = after
    }
  }),
  check(12, 'R8', 'a name that was renamed away and made anew has a larger UIDVALIDITY', wrongMessage, async (t) => {
    const before = await t.create('Old')
    await t.one({ op: 'mailbox', id: before.id, path: ['New'] })
    const after = await t.create('Old')
    expect(after.id !== before.id, 'two mailboxes have one id')
    expect(
      after.uidValidity > before.uidValidity,
      `uidValidity went from ${before.uidValidity} to ${after.uidValidity}`,
    )
  }),
  check(
    13,
    'R8',
    'id and UIDVALIDITY stay through rename, flags and restart',
    'clients throw their whole cache away',
    async (t) => {
      const before = await t.create('Stable')
      await t.append(mail('stays'), { to: before.id })
      await t.one({ op: 'mailbox', id: before.id, path: ['Renamed'] })
      await t.one({ op: 'flags', in: before.id, uids: [[1, 4_294_967_295]], mode: 'add', flags: 1 })
      const stable = async (on = t.account) => {
        const found = (await on.mailboxes()).find(({ path }) => path[0] === 'Renamed')
        expectEqual(
          { id: found?.id, v: found?.uidValidity },
          { id: before.id, v: before.uidValidity },
          'id and uidValidity',
        )
      }
      await stable()
      if (t.test.reopen) await stable(await t.openOn(await t.test.reopen()))
    },
  ),
  check(14, 'R6', 'behind UID 2^32-1 comes a refusal, not a wrapped number', wrongMessage, async (t) => {
    await t.need('setUidNext')(t.test.account, 4_294_967_295)
    const { id } = await t.inbox()
    expectEqual(await t.append(mail('last')), [4_294_967_295], 'the last UID')
    await expectRefusal(t.append(mail('one too many')), ['limit'], 'an append behind the last UID')
    expectEqual(await t.uids(id), [4_294_967_295], 'the mailbox after the refusal')
    expectEqual((await t.inbox()).uidNext, 4_294_967_296, 'uidNext behind the last UID')
  }),
]
