/** The examples of RFC 9208 (QUOTA), after its text. Quota roots are those of the store: `""` in memory, others as here. */
import { Flag, type QuotaRoot } from '@posthouse/store-api'
import { test } from 'vitest'
import { no, quotaSet, Refusal, standardExtensions } from '../../src/index.js'
import { playDialogue } from '../dialogue.js'
import { message, serverOver, testServer } from '../servers.js'
import { messages, playExample } from './play.js'

const UNIT = 1024
const ALICE: QuotaRoot = { root: '#user/alice', used: { bytes: 0, messages: 42 }, limit: { messages: 1000 } }
const DISK: QuotaRoot = {
  root: '!partition/sda4',
  used: { bytes: 104 * UNIT, messages: 0 },
  limit: { bytes: 10_923_847 * UNIT },
}

test('§4.1.1, §4.1.2: GETQUOTA and GETQUOTAROOT over two quota roots', () =>
  playDialogue(
    serverOver(testServer(), () => ({ quota: async () => [ALICE, DISK] })),
    `
    alice> c CAPABILITY
    alice< * CAPABILITY {*} QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE {*}
    alice< c OK CAPABILITY completed
    alice> G0001 GETQUOTA "!partition/sda4"
    alice< * QUOTA "!partition/sda4" (STORAGE 104 10923847)
    alice< G0001 OK GETQUOTA completed
    alice> G0002 GETQUOTAROOT INBOX
    alice< * QUOTAROOT INBOX "#user/alice" "!partition/sda4"
    alice< * QUOTA "#user/alice" (MESSAGE 42 1000)
    alice< * QUOTA "!partition/sda4" (STORAGE 104 10923847)
    alice< G0002 OK GETQUOTAROOT completed
    # The mailbox need not be there: it could be made.
    alice> G0003 GETQUOTAROOT not/yet
    alice< * QUOTAROOT not/yet "#user/alice" "!partition/sda4"
    alice< * QUOTA "#user/alice" (MESSAGE 42 1000)
    alice< * QUOTA "!partition/sda4" (STORAGE 104 10923847)
    alice< G0003 OK GETQUOTAROOT completed
    alice> G0004 GETQUOTA nothing
    alice< G0004 NO [NONEXISTENT] No such quota root
  `,
  ))

test('§4.1.3: SETQUOTA forgets the limits that it does not name; what was set may be rounded, or refused', async () => {
  let alice: QuotaRoot = {
    ...ALICE,
    used: { bytes: 58 * UNIT, messages: 42 },
    limit: { bytes: 111 * UNIT, messages: 1000 },
  }
  const inner = testServer()
  const block = 512 * UNIT
  const { server } = testServer({
    store: {
      async open(name, as) {
        return { ...(await inner.store.open(name, as)), quota: async () => [alice, DISK] }
      },
    },
    extensions: [
      ...standardExtensions,
      quotaSet((_session, root, limits) => {
        if (root === DISK.root) throw new Refusal(no('Cannot change system limit'))
        const { bytes, ...others } = limits
        const rounded = bytes === undefined ? {} : { bytes: Math.ceil(bytes / block) * block }
        alice = { ...alice, limit: { ...others, ...rounded } }
      }),
    ],
  })
  await playDialogue(
    server,
    `
    alice> S0000 GETQUOTA "#user/alice"
    alice< * QUOTA "#user/alice" (STORAGE 58 111 MESSAGE 42 1000)
    alice< S0000 OK GETQUOTA completed
    alice> S0001 SETQUOTA "#user/alice" (STORAGE 510)
    alice< * QUOTA "#user/alice" (STORAGE 58 512)
    alice< S0001 OK SETQUOTA completed
    alice> S0002 SETQUOTA "!partition/sda4" (STORAGE 99999999)
    alice< S0002 NO Cannot change system limit
  `,
  )
})

test('§4.1.4: DELETED and DELETED-STORAGE (in octets)', () =>
  playExample(
    `
    C: S0003 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
    S: * STATUS INBOX (MESSAGES 12 DELETED 4 DELETED-STORAGE 20)
    S: S0003 OK STATUS completed
  `,
    async (made) => {
      for (let i = 0; i < 12; i++) await made.deliver(message('', 'x'), { flags: i % 3 === 0 ? Flag.Deleted : 0 })
    },
  ))

test('§4.2.1, §4.2.2: a root without a name, and a mailbox without a root', () =>
  playExample(
    `
    C: a1 GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX ""
    S: * QUOTA "" (STORAGE 10 512)
    S: a1 OK GETQUOTAROOT completed
    C: a2 LOGOUT
    S: * BYE {*}
    S: a2 OK LOGOUT completed
    -- closed --
  `,
    async (made) => {
      await made.deliver(message('', 'x'.repeat(10 * UNIT - 4)))
      made.store.setQuota('alice', { bytes: 512 * UNIT })
    },
  ))

test('§4.2.2: a mailbox without a root', () =>
  playExample(`
    C: a1 GETQUOTAROOT comp.mail.mime
    S: * QUOTAROOT comp.mail.mime
    S: a1 OK GETQUOTAROOT completed
  `))

// Examples 2 and 3 are of soft quotas, which stores do not have.
test('§4.3.1, example 1: OVERQUOTA for APPEND, COPY and MOVE', () =>
  playExample(
    `
    C: A003 APPEND saved-messages (\\Seen) {35}
    S: + {*}
    C~ Subject: afternoon meeting\\r\\n\\r\\nHello\\r\\n
    S: A003 NO [OVERQUOTA] {*}
    C: s SELECT INBOX
    S: ...
    S: s OK [READ-WRITE] SELECT completed
    C: A004 COPY 2:4 saved-messages
    S: A004 NO [OVERQUOTA] {*}
    C: A005 MOVE 1 saved-messages
    S: * OK [COPYUID {*} 1 1] {*}
    S: * 1 EXPUNGE
    S: A005 OK MOVE completed
    C: A006 STATUS saved-messages (MESSAGES)
    S: * STATUS saved-messages (MESSAGES 1)
    S: A006 OK STATUS completed
  `,
    async (made) => {
      await messages(4)(made)
      await (await made.account()).commit?.([{ op: 'create', path: ['saved-messages'] }])
      made.store.setQuota('alice', { messages: 4 })
    },
  ))
