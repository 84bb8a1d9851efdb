/** What each command says in which state, and to whom. */
import { createPop3Server, type Pop3ServerOptions } from '@posthouse/pop3'
import { type Account, type MailStore, StoreError } from '@posthouse/store-api'
import { deriveScramSecret, fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory, playTranscript, playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { storeWith } from './stores.js'

const LOOPBACK = {
  remote: { address: '127.0.0.1', port: 40000 },
  local: { address: '127.0.0.1', port: 110 },
}

const serve = (store: MailStore, options: Partial<Pop3ServerOptions> = {}) =>
  createPop3Server({ store, authenticate: (user, password) => (password === 'x' ? user : null), ...options })

const LOGIN = `
  S: +OK {*}
  C: USER mrose
  C: PASS x
  S: +OK {*}
  S: +OK {*}`

const MESSAGE = 'Subject: 1\r\n\r\none\r\n'

/** A store whose account has other methods. */
function changed(store: MailStore, change: (account: Account) => Account): MailStore {
  return { open: async (name) => change(await store.open(name)) }
}

const readOnly = (account: Account): Account => ({
  mailboxes: () => account.mailboxes(),
  messages: (...args) => account.messages(...args),
  read: (...args) => account.read(...args),
})

describe('CAPA (RFC 2449)', () => {
  const options: Partial<Pop3ServerOptions> = {
    authenticate: {
      password: ({ user }) => ({ account: user }),
      bearer: () => null,
      scram: async (user) => ({ identity: { account: user }, ...(await deriveScramSecret('x')) }),
    },
    expire: 30,
    loginDelay: 5,
    implementation: 'Example-1.0',
  }
  const GENERAL = `
    S: UTF8 USER
    S: LANG
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE 30
    S: LOGIN-DELAY 5
    S: IMPLEMENTATION Example-1.0
    S: .`

  test('§5: what is announced before the login is announced after it, STLS aside (RFC 2595 §8)', async () => {
    const sasl = 'SASL SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 PLAIN LOGIN'
    await playTranscript(
      serve(await storeWith([]), options),
      `
      S: +OK {*}
      C: CAPA
      S: +OK {*}
      S: TOP
      S: UIDL
      S: USER
      S: ${sasl}
      S: STLS
      ${GENERAL}
      C: USER mrose
      C: PASS x
      S: +OK {*}
      S: +OK {*}
      C: CAPA
      S: +OK {*}
      S: TOP
      S: UIDL
      S: USER
      S: ${sasl}
      ${GENERAL}`,
      LOOPBACK,
    )
  })

  test('in clear text only what keeps the password; behind STLS everything, STLS and the greeting aside', async () => {
    await playTranscript(
      serve(await storeWith([]), options),
      `
      S: +OK {*}
      C: CAPA
      S: +OK {*}
      S: TOP
      S: UIDL
      S: SASL SCRAM-SHA-256 SCRAM-SHA-1
      S: STLS
      ${GENERAL}
      C: STLS
      S: +OK {*}
      -- tls --
      C: CAPA
      S: +OK {*}
      S: TOP
      S: UIDL
      S: USER
      S: SASL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 OAUTHBEARER XOAUTH2 PLAIN LOGIN
      ${GENERAL}
      C: STLS
      S: -ERR TLS is not available`,
    )
  })

  test('§6.7, §6.9: nothing is told of what is not to be told', async () => {
    const connection = connectInMemory(serve(await storeWith([]), { expire: null, implementation: '' }), LOOPBACK)
    connection.send(fromLatin1('CAPA\r\n'))
    expect(latin1(connection.take())).not.toMatch(/EXPIRE|IMPLEMENTATION|LOGIN-DELAY/)
  })

  test.each([{ hostname: 'a\r\nb' }, { implementation: 'a\nb' }, { implementation: 'ä' }])(
    '%j is refused',
    async (bad) => {
      const store = await storeWith([])
      expect(() => serve(store, bad)).toThrow(TypeError)
    },
  )
})

test('each command in the wrong state is refused, and changes nothing', async () => {
  const store = await storeWith([MESSAGE])
  const early = ['STAT', 'LIST', 'UIDL', 'RETR 1', 'TOP 1 0', 'DELE 1', 'RSET', 'NOOP']
  const late = ['USER mrose', 'PASS x', 'AUTH PLAIN', 'APOP mrose 0', 'STLS', 'UTF8']
  const refused = (commands: readonly string[]): string =>
    commands.map((command) => `C: ${command}\nS: -ERR {*}`).join('\n')
  await playTranscriptAtAllCuts(
    () => serve(store),
    `
    S: +OK {*}
    ${refused(early)}
    C: USER mrose
    C: PASS x
    S: +OK {*}
    S: +OK {*}
    ${refused(late)}
    C: STAT
    S: +OK 1 ${MESSAGE.length}`,
    LOOPBACK,
  )
})

test('RFC 1939 §3: arguments that are no message number, no message, or one too many', async () => {
  const store = await storeWith([MESSAGE, MESSAGE])
  const bad = [
    ...['RETR', 'RETR x', 'RETR 0', 'RETR 3', 'RETR -1', 'RETR 1 2', 'RETR 99999999999999999999', 'LIST 3', 'LIST 1 2'],
    ...['UIDL x', 'TOP 1', 'TOP x 1', 'TOP 1 x', 'TOP 3 1', 'TOP 1 1 1', 'DELE', 'DELE 1 2', 'LIST 1\t'],
  ]
  await playTranscriptAtAllCuts(
    () => serve(store),
    `${LOGIN}
    ${bad.map((command) => `C: ${command}\nS: -ERR {*}`).join('\n')}
    C: STAT
    S: +OK 2 ${2 * MESSAGE.length}`,
    LOOPBACK,
  )
})

test('the twentieth mistake ends the connection', async () => {
  await playTranscript(
    serve(await storeWith([])),
    `S: +OK {*}\n${'C: XYZZY\nS: -ERR unknown command\n'.repeat(20)}-- closed --`,
    LOOPBACK,
  )
})

describe('USER and PASS', () => {
  const asked: string[] = []
  const options: Partial<Pop3ServerOptions> = {
    authenticate(user, password) {
      asked.push(`${user}/${password}`)
      return null
    },
    limits: { authFailures: 100 },
  }

  test('RFC 6856 §2.2: UTF-8 reaches the verifier; what is not UTF-8 or prohibited by SASLprep does not', async () => {
    asked.length = 0
    await playTranscriptAtAllCuts(
      () => serve({ open: () => Promise.reject(new Error('unused')) }, options),
      `
      S: +OK {*}
      C: USER jörg
      C: PASS  pässwort 
      S: +OK {*}
      S: -ERR [AUTH] {*}
      C~ USER j\\xf6rg\\r\\n
      S: -ERR the line is not UTF-8
      C: USER mrose
      C~ PASS a\\x07b\\r\\n
      S: +OK {*}
      S: -ERR [AUTH] {*}
      C: USER mrose
      C~ PASS a\\0b\\r\\n
      S: +OK {*}
      S: -ERR the line is not UTF-8`,
      LOOPBACK,
    )
    expect(asked).toEqual(Array(3).fill('jörg/ pässwort '))
  })

  test('PASS needs its own USER, and a verifier of tokens alone has neither', async () => {
    await playTranscript(
      serve(await storeWith([]), options),
      `
      S: +OK {*}
      C: PASS x
      S: -ERR send USER first
      C: USER
      S: -ERR USER needs a name
      C: USER mrose
      C: PASS x
      S: +OK {*}
      S: -ERR [AUTH] {*}
      C: PASS x
      S: -ERR send USER first`,
      LOOPBACK,
    )
    await playTranscript(
      serve(await storeWith([]), { authenticate: { bearer: () => null } }),
      `
      S: +OK {*}
      C: USER mrose
      S: -ERR USER is not offered; use AUTH`,
      LOOPBACK,
    )
  })

  test('RFC 3206 §4: a check that fails is no wrong password', async () => {
    await playTranscript(
      serve(await storeWith([]), { authenticate: () => Promise.reject(new Error('no database')) }),
      `
      S: +OK {*}
      C: USER mrose
      C: PASS x
      S: +OK {*}
      S: -ERR [SYS/TEMP] {*}`,
      LOOPBACK,
    )
  })
})

describe('AUTH (RFC 5034)', () => {
  test('without a mechanism it lists them; unknown ones and bad base64 are refused', async () => {
    await playTranscriptAtAllCuts(
      () => serve({ open: () => Promise.reject(new Error('unused')) }),
      `
      S: +OK {*}
      C: AUTH
      S: +OK {*}
      S: PLAIN
      S: LOGIN
      S: .
      C: AUTH XYZZY
      S: -ERR {*}
      C: AUTH PLAIN A
      S: -ERR not base64
      C: AUTH PLAIN
      S: + 
      C: A
      S: -ERR not base64
      C: AUTH PLAIN =
      S: -ERR [AUTH] {*}
      C: NOOP
      S: -ERR not in this state`,
      LOOPBACK,
    )
  })

  test('§4: a response that is too long ends the exchange', async () => {
    await playTranscriptAtAllCuts(
      () => serve({ open: () => Promise.reject(new Error('unused')) }, { limits: { authLine: 50 } }),
      `
      S: +OK {*}
      C: AUTH LOGIN
      S: + VXNlcm5hbWU6
      C: ${'A'.repeat(60)}
      S: -ERR the line is too long
      C: AUTH
      S: +OK {*}
      S: PLAIN
      S: LOGIN
      S: .`,
      LOOPBACK,
    )
  })

  test('LOGIN with its user name as initial response', async () => {
    await playTranscript(
      serve(await storeWith([])),
      `
      S: +OK {*}
      C: AUTH login bXJvc2U=
      S: + UGFzc3dvcmQ6
      C: eA==
      S: +OK 0 messages (0 octets)`,
      LOOPBACK,
    )
  })
})

test('RFC 6856 §3: LANG in both states', async () => {
  const play = `
    C: LANG
    S: +OK {*}
    S: en English
    S: .
    C: LANG *
    S: +OK en {*}
    C: LANG EN-gb
    S: +OK en {*}
    C: LANG MUL
    S: -ERR {*}
    C: LANG i-default
    S: +OK en {*}`
  await playTranscript(
    serve(await storeWith([])),
    `S: +OK {*}\n${play}\n${LOGIN.replace('S: +OK {*}', '')}\n${play}`,
    LOOPBACK,
  )
})

test('RFC 6856 §2.1: no STLS behind UTF8', async () => {
  await playTranscript(
    serve(await storeWith([])),
    'S: +OK {*}\nC: UTF8 x\nS: -ERR {*}\nC: UTF8\nS: +OK {*}\nC: STLS\nS: -ERR {*}\nC: CAPA\nS: +OK {*}\nS: ...\nS: .',
  )
})

describe('a store that does not do everything', () => {
  test('DELE is refused where QUIT could not delete', async () => {
    const store = await storeWith([MESSAGE])
    const transcript = `${LOGIN}\nC: DELE 1\nS: -ERR [SYS/PERM] {*}\nC: QUIT\nS: +OK {*}\n-- closed --`
    await playTranscript(serve(changed(store, readOnly)), transcript, LOOPBACK)
    const guest = changed(store, (account) => ({
      ...readOnly(account),
      commit: () => Promise.reject(new Error('unused')),
      mailboxes: async () => (await account.mailboxes()).map((mailbox) => ({ ...mailbox, rights: 'lrs' })),
    }))
    await playTranscript(serve(guest), transcript, LOOPBACK)
  })

  test('what cannot be read now is told, and the session goes on', async () => {
    const store = await storeWith([MESSAGE])
    const log: string[] = []
    const broken = changed(store, (account) => ({
      ...readOnly(account),
      messages: (mailbox, query) => account.messages(mailbox, { ...query, want: [] }),
      read: () => {
        throw new StoreError('unavailable', 'the disk is gone')
      },
    }))
    await playTranscript(
      serve(broken, { log: ({ event }) => log.push(event) }),
      `${LOGIN}\nC: RETR 1\nS: -ERR [SYS/TEMP] {*}\nC: TOP 1 1\nS: -ERR [SYS/TEMP] {*}\nC: NOOP\nS: +OK {*}`,
      LOOPBACK,
    )
    expect(log).toEqual(['auth.succeeded', 'message.unreadable', 'message.unreadable'])
  })

  test('a message that breaks off in the middle ends the connection without its final dot', async () => {
    const store = await storeWith([MESSAGE])
    const broken = changed(store, (account) => ({
      ...readOnly(account),
      messages: (mailbox, query) => account.messages(mailbox, { ...query, want: [] }),
      async *read() {
        yield fromLatin1('Subject: 1\r\n\r\nhalf\r\n')
        throw new StoreError('unavailable', 'the disk is gone')
      },
    }))
    await playTranscript(
      serve(broken),
      `${LOGIN}\nC: RETR 1\nS: +OK ${MESSAGE.length} octets\nS: Subject: 1\nS: \nS: half\n-- closed --`,
      LOOPBACK,
    )
  })

  test('an account without INBOX, or whose rows cannot be read, is closed again', async () => {
    let closed = 0
    const store = await storeWith([MESSAGE])
    const broken = changed(store, (account) => ({
      ...readOnly(account),
      mailboxes: async () => [],
      close: () => void closed++,
    }))
    await playTranscript(
      serve(broken, { locking: 'exclusive' }),
      `${LOGIN.replace(/\+OK \{\*\}$/, '-ERR [SYS/TEMP] {*}')}${LOGIN.replace('S: +OK {*}', '').replace(/\+OK \{\*\}$/, '-ERR [SYS/TEMP] {*}')}`,
      LOOPBACK,
    )
    expect(closed).toBe(2)
  })
})

describe('unique-ids of the application', () => {
  test('a function gets the account; kept ones come first', async () => {
    const store = await storeWith([MESSAGE, MESSAGE])
    const kept: string[] = []
    await playTranscript(
      serve(store, {
        uniqueId: ({ account, uid, uidValidity }) => `${account}-${uidValidity}-${uid}`,
        async keptUniqueIds(account) {
          kept.push(account)
          return new Map([['mrose-1-2', 'UID7-1795716594']])
        },
      }),
      `${LOGIN}
      C: UIDL
      S: +OK {*}
      S: 1 mrose-1-1
      S: 2 UID7-1795716594
      S: .
      C: UIDL 2
      S: +OK 2 UID7-1795716594`,
      LOOPBACK,
    )
    expect(kept).toEqual(['mrose'])
  })

  test('where they cannot be asked for, UIDL is refused: others would make the client download everything', async () => {
    let asked = 0
    const keptUniqueIds = () => {
      if (++asked === 1) throw new Error('no database')
      return asked === 2 ? Promise.reject(new Error('no database')) : null
    }
    await playTranscript(
      serve(await storeWith([MESSAGE]), { keptUniqueIds }),
      `${LOGIN}
      C: UIDL
      S: -ERR [SYS/TEMP] {*}
      C: UIDL 1
      S: -ERR [SYS/TEMP] {*}
      C: UIDL 1
      S: +OK 1 1.1`,
      LOOPBACK,
    )
  })

  test.each(['', 'a b', 'x'.repeat(71), 'a\r\nb', 'ä'])('%j is none', async (bad) => {
    const log: unknown[] = []
    await playTranscript(
      serve(await storeWith([MESSAGE]), { uniqueId: () => bad }),
      `${LOGIN}\nC: UIDL\nS: -ERR [SYS/TEMP] {*}\n-- closed --`,
      { ...LOOPBACK, log: ({ error }) => log.push(error) },
    )
    expect(log.at(-1)).toBeInstanceOf(TypeError)
  })

  test('an unknown format is refused when the server is made', async () => {
    const store = await storeWith([])
    expect(() => serve(store, { uniqueId: 'exchange' as 'uw' })).toThrow(TypeError)
  })
})
