import { createPop3Server, type Pop3ServerOptions, startPop3Client } from '@posthouse/pop3'
import { connectPop3 } from '@posthouse/pop3/node'
import type { Account, MailStore, Op } from '@posthouse/store-api'
import { fromLatin1 } from '@posthouse/wire'
import { connectInMemory, playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test, vi } from 'vitest'
import { storeWith, type TestStore } from './stores.js'

const LOOPBACK = {
  remote: { address: '127.0.0.1', port: 40000 },
  local: { address: '127.0.0.1', port: 110 },
}

const ONE = 'Subject: 1\r\n\r\none\r\n'
const TWO = 'Subject: 2\r\n\r\ntwo, longer\r\n'
const THREE = 'Subject: 3\r\n\r\nthree, longer still\r\n'

const storeOfThree = () => storeWith([ONE, TWO, THREE])

const serve = (store: Pop3ServerOptions['store'], options: Partial<Pop3ServerOptions> = {}) =>
  createPop3Server({ store, authenticate: (user) => user, hostname: 'pop.example', ...options })

const LOGIN = `
  S: +OK {*}
  C: USER mrose
  C: PASS x
  S: +OK {*}
  S: +OK {*}`

async function inbox(store: TestStore) {
  const account = await store.open('mrose')
  const [info] = await account.mailboxes()
  const rows = []
  for await (const page of account.messages(info.id, {})) rows.push(...page)
  return { account, info, rows }
}

test('the log is there for listeners that have none', async () => {
  const log = (): void => {}
  expect(serve(await storeOfThree(), { log }).log).toBe(log)
})

describe('what a session shows', () => {
  test('newest first, no more than two', async () => {
    await playTranscript(
      serve(await storeOfThree(), { newestFirst: true, maxMessages: 2 }),
      `${LOGIN}
      C: LIST
      S: +OK {*}
      S: 1 ${THREE.length}
      S: 2 ${TWO.length}
      S: .
      C: DELE 1
      C: STAT
      C: RSET
      C: STAT
      S: +OK {*}
      S: +OK 1 ${TWO.length}
      S: +OK {*}
      S: +OK 2 ${TWO.length + THREE.length}`,
      LOOPBACK,
    )
  })

  test('what RETR sent is seen from QUIT on, and hidden next time; a lost connection changes nothing', async () => {
    const store = await storeOfThree()
    const options = { markSeen: true, hideSeen: true }
    const retrieve = `${LOGIN}\nC: RETR 1\nS: +OK {*}\nS: ...\nS: .`
    await playTranscript(serve(store, options), `${retrieve}\n-- end --`, LOOPBACK)
    expect((await inbox(store)).rows.map(({ flags }) => flags & 1)).toEqual([0, 0, 0])
    await playTranscript(serve(store, options), `${retrieve}\nC: QUIT\nS: +OK {*}\n-- closed --`, LOOPBACK)
    expect((await inbox(store)).rows.map(({ flags }) => flags & 1)).toEqual([1, 0, 0])
    await playTranscript(serve(store, options), `${LOGIN}\nC: UIDL 1\nS: +OK 1 {*}.2`, LOOPBACK)
  })

  test.each([
    ['dovecot', '00000002{V}'],
    ['cyrus', '{v}.2'],
    ['cyrus-uid', '2'],
    ['courier', 'UID2-{v}'],
  ] as const)('unique-ids as %s makes them', async (uniqueId, wanted) => {
    const store = await storeOfThree()
    const { uidValidity } = (await inbox(store)).info
    const text = wanted.replace('{V}', uidValidity.toString(16).padStart(8, '0')).replace('{v}', String(uidValidity))
    await playTranscript(serve(store, { uniqueId }), `${LOGIN}\nC: UIDL 2\nS: +OK 2 ${text}`, LOOPBACK)
  })
})

describe('who may log in', () => {
  test('RFC 2449 §8.1: an exclusive maildrop is in use until its session ends', async () => {
    const server = serve(await storeOfThree(), { locking: 'exclusive' })
    const first = connectInMemory(server, LOOPBACK)
    first.send(fromLatin1('USER mrose\r\nPASS x\r\n'))
    await playTranscript(server, `${LOGIN.replace(/\+OK \{\*\}$/, '-ERR [IN-USE] {*}')}`, LOOPBACK)
    first.send(fromLatin1('QUIT\r\n'))
    while (!first.closed) {
      first.take()
      await first.output()
    }
    await playTranscript(server, LOGIN, LOOPBACK)
  })

  test('RFC 2449 §8.1: and until QUIT is done, though its client does not wait for that', async () => {
    const store = await storeOfThree()
    let begun = (): void => {}
    const committing = new Promise<void>((resolve) => (begun = resolve))
    let goOn = (): void => {}
    const mayCommit = new Promise<void>((resolve) => (goOn = resolve))
    const events: string[] = []
    const slow: MailStore = {
      async open(name) {
        const account = await store.open(name)
        return Object.assign(Object.create(account) as Account, {
          async commit(ops: readonly Op[]) {
            begun()
            await mayCommit
            events.push('committed')
            return account.commit?.(ops)
          },
          async close() {
            events.push('closed')
          },
        })
      },
    }
    const server = serve(slow, { locking: 'exclusive' })
    const first = connectInMemory(server, LOOPBACK)
    first.send(fromLatin1('USER mrose\r\nPASS x\r\nDELE 1\r\nQUIT\r\n'))
    await committing
    first.driver.lost({ type: 'peer' })
    await playTranscript(server, `${LOGIN.replace(/\+OK \{\*\}$/, '-ERR [IN-USE] {*}')}`, LOOPBACK)
    goOn()
    while (events.length < 2) await new Promise((resolve) => setImmediate(resolve))
    expect(events).toEqual(['committed', 'closed'])
    await playTranscript(server, `${LOGIN.replace(/\+OK \{\*\}$/, '+OK 2 messages {*}')}`, LOOPBACK)
  })

  test('RFC 2449 §8.1.1: a login too soon', async () => {
    const server = serve(await storeOfThree(), { loginDelay: 60 })
    await playTranscript(server, LOGIN, LOOPBACK)
    await playTranscript(server, `${LOGIN.replace(/\+OK \{\*\}$/, '-ERR [LOGIN-DELAY] {*}')}`, LOOPBACK)
  })

  test('a time of day that was set back keeps nobody out for longer than the delay', async () => {
    const server = serve(await storeOfThree(), { loginDelay: 60 })
    const tooSoon = LOGIN.replace(/\+OK \{\*\}$/, '-ERR [LOGIN-DELAY] {*}')
    const at = (seconds: number) => ({ ...LOOPBACK, now: () => seconds * 1000 })
    await playTranscript(server, LOGIN, at(10_000))
    await playTranscript(server, LOGIN, at(1_000))
    await playTranscript(server, tooSoon, at(1_059))
    await playTranscript(server, LOGIN, at(1_060))
  })

  test('RFC 6856 §3: LANG', async () => {
    await playTranscript(
      serve(await storeOfThree()),
      `
      S: +OK {*}
      C: LANG
      S: +OK {*}
      S: en English
      S: .
      C: LANG fr
      S: -ERR {*}
      C: UTF8
      S: +OK {*}
      C: NOOP
      S: -ERR {*}`,
      LOOPBACK,
    )
  })
})

describe('a mailbox that others change', () => {
  test('RFC 1939 §6: QUIT tells when nothing could be removed', async () => {
    const store = await storeOfThree()
    const broken = {
      open: async (name: string) => ({
        ...readable(await store.open(name)),
        stage: () => Promise.reject(new Error('unused')),
        commit: () => Promise.reject(new Error('disk full')),
      }),
    }
    await playTranscript(
      serve(broken),
      `${LOGIN}\nC: DELE 1\nS: +OK {*}\nC: QUIT\nS: -ERR [SYS/TEMP] {*}\n-- closed --`,
      LOOPBACK,
    )
    expect((await inbox(store)).rows.length).toBe(3)
  })

  test('numbers stay when IMAP expunges, and deleting what is gone is no error', async () => {
    const store = await storeOfThree()
    const connection = connectInMemory(serve(store), LOOPBACK)
    connection.send(fromLatin1('USER mrose\r\nPASS x\r\n'))
    let heard = ''
    const until = async (text: string) => {
      while (!heard.includes(text)) {
        await connection.output()
        heard += new TextDecoder('latin1').decode(connection.take())
      }
    }
    await until('3 messages')
    const { account, info } = await inbox(store)
    await account.commit?.([{ op: 'expunge', in: info.id, uids: [[1, 1]], onlyDeleted: false }])
    heard = ''
    connection.send(fromLatin1('DELE 1\r\nDELE 2\r\nRETR 3\r\nQUIT\r\n'))
    await until('goodbye')
    expect(heard).toContain(THREE)
    expect((await inbox(store)).rows.map(({ uid }) => uid)).toEqual([3])
  })
})

function readable(account: Awaited<ReturnType<TestStore['open']>>) {
  return {
    mailboxes: () => account.mailboxes(),
    messages: (...args: Parameters<typeof account.messages>) => account.messages(...args),
    read: (...args: Parameters<typeof account.read>) => account.read(...args),
  }
}

describe('mistakes', () => {
  const given = { store: {}, authenticate: (user: string) => user }

  test.each([
    [{}, TypeError, 'createPop3Server needs the option store'],
    [{ authenticate: given.authenticate }, TypeError, 'createPop3Server needs the option store'],
    [{ store: {} }, TypeError, 'createPop3Server needs the option authenticate'],
    [{ ...given, markseen: true }, TypeError, 'there is no createPop3Server option markseen; there are store,'],
    [{ ...given, locking: 'exlusive' }, TypeError, 'locking must be one of none, exclusive, not "exlusive"'],
    [{ ...given, utf8Headers: true }, TypeError, 'utf8Headers must be one of surrogate, as-stored, not true'],
    [{ ...given, loginDelay: '5' }, TypeError, 'loginDelay must be a number, not "5"'],
    [{ ...given, limits: { ilde: 1 } }, TypeError, 'there is no limit ilde; there are commandLine,'],
    [{ ...given, limits: { idle: -1 } }, RangeError, 'limits.idle must be 0 or more, not -1'],
  ])('of a server: %o', (options, kind, words) => {
    expect(() => createPop3Server(options as never)).toThrow(kind)
    expect(() => createPop3Server(options as never)).toThrow(words)
  })

  test.each([
    [{}, TypeError, 'connectPop3 needs the option host'],
    [{ host: 'a', secure: true }, TypeError, 'there is no connectPop3 option secure; there are host, port,'],
    [{ host: 'a', tls: true }, TypeError, 'tls must be one of implicit, required, opportunistic, never, not true'],
    [{ host: 'a', port: '995' }, TypeError, 'port must be a number, not "995"'],
    [{ host: 'a', limits: { pipeline: 0 } }, RangeError, 'limits.pipeline must be 1 or more, not 0'],
  ])('of a client: %j', async (options, kind, words) => {
    await expect(connectPop3(options as never)).rejects.toThrow(kind)
    await expect(connectPop3(options as never)).rejects.toThrow(words)
  })

  test('of a client over a connection that stands: it is closed', async () => {
    const destroy = vi.fn()
    const started = startPop3Client({ destroy } as never, {
      host: 'a',
      port: 110,
      credentials: null,
      tls: true as never,
    })
    await expect(started).rejects.toThrow('tls must be one of never, opportunistic, required, not true')
    expect(destroy).toHaveBeenCalledOnce()
  })
})
