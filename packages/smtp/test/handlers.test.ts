import { playTranscript, playTranscriptAtAllCuts } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { WindowCounter } from '../src/handlers/window-counter.js'
import {
  aliases,
  catchAll,
  createSmtpServer,
  deliverTo,
  dnsBlockList,
  greylisting,
  heloPolicy,
  localRecipients,
  rateLimit,
  recipientLimit,
  requireTls,
  reverseDns,
  type SmtpHandler,
  type SmtpSession,
  subaddress,
  subaddressing,
  submissionRights,
} from '../src/index.js'
import { checkPassword, collector, fakeStore, zeros } from './servers.js'

const EHLO = `
  S: 220 mx.example.org ESMTP
  C: EHLO client.example
  S: ...
  S: 250 {*}
`

function rcpt(address: string, answer = '250 2.1.5 Recipient OK'): string {
  return `
    C: RCPT TO:<${address}>
    S: ${answer}
  `
}

const MAIL = `${EHLO}
  C: MAIL FROM:<s@example.com>
  S: 250 2.1.0 Sender OK
`
const SEND = `
  C: DATA
  S: 354 {*}
  C: Subject: x
  C: .
  S: 250 {*}
`

async function play(text: string, handlers: () => readonly SmtpHandler[], options: object = {}, link: object = {}) {
  await playTranscriptAtAllCuts(() => collector({ handlers: handlers(), ...options }).server, text, link)
}

describe('who gets the mail', () => {
  const store = () => fakeStore(['alice@example.org', 'bob@example.org', 'Carol@example.org', 'postmaster@example.org'])

  async function delivered(handlers: (made: ReturnType<typeof store>) => SmtpHandler[], text: string) {
    const made = store()
    await playTranscriptAtAllCuts(
      () =>
        createSmtpServer({
          hostname: 'mx.example.org',
          random: zeros,
          handlers: [
            ...handlers(made),
            localRecipients(made, { domains: ['example.org', 'bücher.example'] }),
            deliverTo(made),
          ],
        }),
      text,
    )
    expect(made.delivered.length % 3).toBe(0)
    return made.delivered.slice(0, made.delivered.length / 3).map(({ account }) => account)
  }

  test('local recipients: exact first, then lower case; domains in any case; the bare postmaster', async () => {
    const text = `${MAIL}
      ${rcpt('ALICE@Example.Org')} ${rcpt('Carol@EXAMPLE.ORG')} ${rcpt('Postmaster')}
      ${rcpt('carol@example.org', '550 5.1.1 No such user here: carol@example.org')}
      ${rcpt('alice@example.org.evil.example', '550 5.7.1 Relaying denied')}
      ${rcpt('alice@xn--bcher-kva.example', '550 5.1.1 {*}')}
      ${rcpt('"alice@example.org"@example.com', '550 5.7.1 Relaying denied')}
      ${SEND}`
    expect(await delivered(() => [], text)).toEqual([
      'alice@example.org',
      'Carol@example.org',
      'postmaster@example.org',
    ])
  })

  test('aliases: of one, of several, of aliases, in a circle', async () => {
    const map = new Map<string, string | string[]>([
      ['sales@example.org', 'alice@example.org'],
      ['all@example.org', ['sales@example.org', 'bob@example.org', 'alice@example.org']],
      ['bob@example.org', ['bob@example.org', 'alice@example.org']],
      ['loop@example.org', 'pool@example.org'],
      ['pool@example.org', 'loop@example.org'],
    ])
    const text = (address: string) => `${MAIL} ${rcpt(address)} ${SEND}`
    expect(await delivered(() => [aliases(map)], text('SALES@example.org'))).toEqual(['alice@example.org'])
    expect(await delivered(() => [aliases(map)], text('all@example.org'))).toEqual([
      'alice@example.org',
      'bob@example.org',
    ])
    await delivered(() => [aliases(map)], `${MAIL} ${rcpt('loop@example.org', '550 5.1.1 {*}')}`)
    // What a query of a database has for an address that is no alias.
    expect(await delivered(() => [aliases(async () => [])], text('alice@example.org'))).toEqual(['alice@example.org'])
    // Each of ten names all of them: more than three million ways lead through them.
    const mutual = Array.from({ length: 10 }, (_, i) => `m${i}@example.org`)
    let lookups = 0
    const find = (address: string) => {
      lookups++
      return mutual.includes(address) ? mutual : null
    }
    await play(`${MAIL} ${rcpt('m0@example.org', '451 4.3.0 {*}')}`, () => [aliases(find)])
    expect(lookups).toBeLessThan(3 * 50_000)
  })

  test('subaddressing: the tag is a note, and may name a mailbox', async () => {
    const made = store()
    const paths: unknown[] = []
    await playTranscriptAtAllCuts(
      () =>
        createSmtpServer({
          hostname: 'mx.example.org',
          handlers: [
            subaddressing(),
            localRecipients(made),
            deliverTo(made, {
              path(recipient) {
                const tag = recipient.get(subaddress)
                paths.push(tag)
                return tag ? ['INBOX', tag] : ['INBOX']
              },
            }),
          ],
        }),
      `${MAIL} ${rcpt('alice+lists@example.org')} ${rcpt('bob@example.org')} ${rcpt('+x@example.org', '550 5.1.1 {*}')} ${SEND}`,
    )
    expect(paths.slice(0, 2)).toEqual(['lists', undefined])
    expect(made.delivered.slice(0, 2).map(({ account }) => account)).toEqual(['alice@example.org', 'bob@example.org'])
    expect(made.delivered[0].text).toContain('Delivered-To: alice+lists@example.org\r\n')
  })

  test('catch-all: for users that a domain does not have', async () => {
    const text = `${MAIL} ${rcpt('nobody@example.org')} ${rcpt('bob@example.org')} ${SEND}`
    const units = (made: ReturnType<typeof store>) => [catchAll(made, { 'Example.org': 'alice@example.org' })]
    expect(await delivered(units, text)).toEqual(['alice@example.org', 'bob@example.org'])
  })
})

describe('policy', () => {
  test('recipient limit', () =>
    play(
      `${MAIL} ${rcpt('a@b')} ${rcpt('c@d', '452 4.5.3 Too many recipients; send the rest with another message')}`,
      () => [recipientLimit(1)],
    ))

  test('require TLS', () =>
    play(
      `${EHLO}
      C: MAIL FROM:<a@b>
      S: 530 5.7.0 Say STARTTLS first
      C: AUTH PLAIN AGEAc2VjcmV0
      S: 530 5.7.0 Say STARTTLS first
    `,
      () => [requireTls()],
      { authenticate: checkPassword, allowInsecureAuth: true },
    ))

  test('HELO policy', () =>
    play(
      `
      S: 220 mx.example.org ESMTP
      C: EHLO MX.example.org
      S: 550 5.7.1 That is our name
      C: EHLO -x
      S: 550 5.7.1 Say your name: a domain or [address]
      C: EHLO [192.0.2.300]
      S: 550 5.7.1 Say your name: a domain or [address]
      C: EHLO laptop
      S: 550 5.7.1 Say your full name
      C: MAIL FROM:<a@b>
      S: 503 5.5.1 Say EHLO first
      C: HELO [IPv6:2001:db8::1]
      S: 250 mx.example.org
    `,
      () => [heloPolicy({ qualified: true })],
    ))

  test('DNS block list: asked once, at RCPT, not for postmaster', async () => {
    const asked: string[] = []
    const dns = {
      async resolve4(name: string) {
        asked.push(name)
        if (name.endsWith('bl.example')) return ['127.0.0.2']
        throw Object.assign(new Error('no'), { code: name.endsWith('broken.example') ? 'ETIMEOUT' : 'ENOTFOUND' })
      },
    }
    await play(
      `${MAIL}
      ${rcpt('postmaster@example.org')}
      ${rcpt('a@example.org', '550 5.7.1 192.0.2.1 is listed in bl.example')}
      ${rcpt('b@example.org', '550 5.7.1 192.0.2.1 is listed in bl.example')}
    `,
      () => [dnsBlockList({ dns, zones: ['empty.example', 'broken.example', 'bl.example'] })],
    )
    expect(asked.slice(0, 3)).toEqual(['1.2.0.192.empty.example', '1.2.0.192.broken.example', '1.2.0.192.bl.example'])
    expect(asked).toHaveLength(9)
  })

  test('DNS block list of an IPv6 client', async () => {
    const asked: string[] = []
    const resolve4 = async (name: string) => {
      asked.push(name)
      return []
    }
    await play(
      `${MAIL} ${rcpt('a@example.org')}`,
      () => [dnsBlockList({ dns: { resolve4 }, zones: ['bl.example'] })],
      {},
      {
        remote: { address: '2001:db8::1', port: 1 },
      },
    )
    expect(asked[0]).toBe(`1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.bl.example`)
  })

  test('reverse DNS: only a name that leads back counts', async () => {
    const names: (string | null)[] = []
    const dns = {
      reverse: async () => ['liar.example', 'honest.example'],
      resolve4: async (name: string) => (name === 'honest.example' ? ['192.0.2.1'] : ['192.0.2.2']),
      resolve6: async () => [],
    }
    const note: SmtpHandler = { connect: ({ remoteName }: SmtpSession) => void names.push(remoteName) }
    await play(EHLO, () => [reverseDns({ dns }), note])
    expect(names).toEqual(Array(3).fill('honest.example'))
    // A name without an address, or one whose servers are gone, says nothing about the others.
    names.length = 0
    const failing = (code: string) => async (name: string) => {
      if (name === 'liar.example') throw Object.assign(new Error(code), { code })
      return dns.resolve4(name)
    }
    for (const code of ['ENOTFOUND', 'ETIMEOUT']) {
      await play(EHLO, () => [reverseDns({ dns: { ...dns, resolve4: failing(code) }, required: true }), note])
    }
    expect(names).toEqual(Array(6).fill('honest.example'))
    await play(
      `
      S: 450 4.7.25 Your address has no name that leads back to it
      -- closed --
    `,
      () => [reverseDns({ dns: { ...dns, reverse: async () => ['liar.example'] }, required: true })],
    )
  })

  test('greylisting: the second attempt after the delay is let in', async () => {
    let now = 1_000_000
    const handler = greylisting({ delay: 300 })
    const attempt = (answer: string, address = 'a@example.org') =>
      playTranscriptAtAllCuts(() => collector({ handlers: [handler] }).server, `${MAIL} ${rcpt(address, answer)}`, {
        now: () => now,
      })
    await attempt('451 4.7.1 Greylisted; try again later')
    now += 299_000
    await attempt('451 4.7.1 Greylisted; try again later')
    now += 1_000
    await attempt('250 2.1.5 Recipient OK')
    await attempt('451 4.7.1 Greylisted; try again later', 'other@example.org')
    now += 37 * 86_400_000
    await attempt('451 4.7.1 Greylisted; try again later')
    // The clock was ahead by years, and is put right.
    now -= 10 * 365 * 86_400_000
    await attempt('451 4.7.1 Greylisted; try again later')
    now += 300_000
    await attempt('250 2.1.5 Recipient OK')
  })

  test('rate limits: connections, messages, recipients', async () => {
    await play(
      `${MAIL} ${rcpt('a@b')} ${rcpt('a@b')} ${rcpt('a@b', '451 4.7.1 Too many recipients; try again later')}
      C: RSET
      S: 250 2.0.0 Flushed
      C: MAIL FROM:<a@b>
      S: 451 4.7.1 Too many messages; try again later
    `,
      () => [rateLimit({ messages: { limit: 1, seconds: 60 }, recipients: { limit: 2, seconds: 60 } })],
    )
    const shared = rateLimit({ connections: { limit: 3, seconds: 60 } })
    await play(EHLO, () => [shared])
    const refused = `
      S: 421 4.7.0 Too many connections from your network; try again later
      -- closed --
    `
    await play(refused, () => [shared])
    await play(EHLO, () => [shared], {}, { remote: { address: '192.0.2.2', port: 1 } })
  })

  test('rate limits: after too many failed logins AUTH is refused, even with the right password', async () => {
    const shared = rateLimit({ failedLogins: { limit: 1, seconds: 60 } })
    const options = { authenticate: checkPassword, allowInsecureAuth: true }
    await play(
      `${EHLO}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: {*}
    `,
      () => [shared],
      options,
    )
    await play(
      `${EHLO}
      C: AUTH PLAIN AGEAc2VjcmV0
      S: 454 4.7.0 Too many failed logins; try again later
    `,
      () => [shared],
      options,
    )
  })
})

test('rate limits: after too many guesses nobody logs in as that user for a while, and others do', async () => {
  let now = 0
  const handlers = [rateLimit({ failedLoginsPerUser: { limit: 1, seconds: 60 } })]
  const { server } = collector({ handlers, authenticate: checkPassword, allowInsecureAuth: true })
  const [wrong, right, other] = ['A\0secreT', 'a\0secret', 'b\0secret'].map((text) => btoa(`\0${text}`))
  await playTranscript(
    server,
    `${EHLO}
      C: AUTH PLAIN ${wrong}
      S: 535 5.7.8 {*}
      C: AUTH PLAIN ${wrong}
      S: 454 4.7.0 Too many failed logins; try again later
      C: AUTH PLAIN ${right}
      S: 454 4.7.0 Too many failed logins; try again later
      C: AUTH PLAIN ${other}
      S: 235 {*}
    `,
    { now: () => now },
  )
  const login = () => playTranscript(server, `${EHLO}  C: AUTH PLAIN ${right}\n  S: 235 {*}\n`, { now: () => now })
  now = 120_000
  await login()
})

test('rate limits: a clock that was ahead and is put right keeps nobody out until that time comes', async () => {
  let now = Date.UTC(2036, 0, 1)
  const rate = { limit: 1, seconds: 60 }
  const handlers = [rateLimit({ failedLogins: rate, failedLoginsPerUser: rate, messages: rate })]
  const { server } = collector({ handlers, authenticate: checkPassword, allowInsecureAuth: true })
  const text = (wrong: string, last: string, right: string, mail: string) => `${EHLO}
    C: AUTH PLAIN ${btoa('\0a\0wrong')}
    S: ${wrong}
    C: AUTH PLAIN ${btoa('\0a\0wrong')}
    S: ${last}
    C: AUTH PLAIN ${btoa('\0a\0secret')}
    S: ${right}
    C: MAIL FROM:<a@example.org>
    S: ${mail}
  `
  const barred = '454 4.7.0 {*}'
  await playTranscript(server, text('535 {*}', barred, barred, '250 {*}'), { now: () => now })
  // A step of less than a window changes nothing.
  now -= 1
  await playTranscript(server, text(barred, barred, barred, '451 {*}'), { now: () => now })
  now = Date.UTC(2026, 0, 1)
  const login = `${EHLO} C: AUTH PLAIN ${btoa('\0a\0secret')}\n S: 235 {*}\n C: MAIL FROM:<a@b>\n S: 250 {*}\n`
  await playTranscript(server, login, { now: () => now })
  await playTranscript(server, text('535 {*}', barred, barred, '250 {*}'), { now: () => now })
})

test('rate limits: a user name that no account can have is not remembered, and its network is', async () => {
  const counted: string[] = []
  const counter = (name: string) => ({ take: () => counted.push(name) > 0 })
  const rate = { limit: 1, seconds: 60 }
  const handlers = [rateLimit({ failedLogins: rate, failedLoginsPerUser: rate, counter })]
  const { server } = collector({ handlers, authenticate: checkPassword, allowInsecureAuth: true })
  await playTranscript(
    server,
    `${EHLO}
      C: AUTH PLAIN ${btoa(`\0${'x'.repeat(513)}\0wrong`)}
      S: 535 5.7.8 {*}
      C: AUTH PLAIN ${btoa(`\0${'x'.repeat(512)}\0wrong`)}
      S: 535 5.7.8 {*}
    `,
  )
  expect(counted).toEqual(['failedLogins', 'failedLogins', 'failedLoginsPerUser'])
})

test('rates that somebody else counts, who takes time for it', async () => {
  const counts = new Map<string, number>()
  const counter = (name: string, { limit }: { readonly limit: number }) => ({
    async take(key: string) {
      const count = (counts.get(`${name} ${key}`) ?? 0) + 1
      counts.set(`${name} ${key}`, count)
      return count <= limit
    },
  })
  const handlers = [
    rateLimit({ recipients: { limit: 1, seconds: 60 }, failedLogins: { limit: 1, seconds: 60 }, counter }),
  ]
  const { server } = collector({ handlers, authenticate: checkPassword, allowInsecureAuth: true })
  await playTranscript(
    server,
    `${EHLO}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: 535 5.7.8 {*}
      C: AUTH PLAIN AGEAd3Jvbmc=
      S: 535 5.7.8 {*}
      C: AUTH PLAIN AGEAc2VjcmV0
      S: 454 4.7.0 Too many failed logins; try again later
      C: MAIL FROM:<a@example.org>
      C: RCPT TO:<b@example.org>
      C: RCPT TO:<c@example.org>
      S: 250 {*}
      S: 250 {*}
      S: 451 4.7.1 Too many recipients; try again later
  `,
  )
  expect([...counts]).toEqual([
    ['failedLogins 192.0.2.1', 2],
    ['recipients 192.0.2.1', 2],
  ])
})

describe('WindowCounter', () => {
  test('lets through the limit, then waits for the window to slide', () => {
    const counter = new WindowCounter({ limit: 4, seconds: 10 })
    expect([0, 1, 2, 3, 4].map((second) => counter.take('a', second * 1000))).toEqual([true, true, true, true, false])
    expect(counter.take('b', 4_000)).toBe(true)
    // The four of the last interval still weigh 4 * 0.9.
    expect(counter.take('a', 11_000)).toBe(true)
    expect(counter.take('a', 11_000)).toBe(false)
    expect(counter.take('a', 30_000)).toBe(true)
  })
})

describe('submissionRights (RFC 6409 §6.1)', () => {
  const owned = new Set(['tim tim@example.org', 'tim info@example.org'])
  const rights = () => [submissionRights(async (account, address) => owned.has(`${account} ${address}`))]
  const login = `${EHLO}
    C: AUTH PLAIN AHRpbQBzZWNyZXQ=
    S: 235 {*}
  `
  const submission = { authenticate: checkPassword, allowInsecureAuth: true }

  test.each(['tim@example.org', 'info@example.org', ''])('a user sends as <%s>', async (address) => {
    await play(
      `${login}
      C: MAIL FROM:<${address}>
      S: 250 2.1.0 Sender OK
    `,
      rights,
      submission,
    )
  })

  test('and as nobody else; another try is welcome', async () => {
    await play(
      `${login}
      C: MAIL FROM:<bob@example.org>
      S: 550 5.7.1 This sender address is not yours
      C: MAIL FROM:<tim@example.com>
      S: 550 5.7.1 This sender address is not yours
      C: MAIL FROM:<tim@example.org>
      S: 250 2.1.0 Sender OK
    `,
      rights,
      submission,
    )
  })

  test('without a login there are no rights', async () => {
    await play(
      `${EHLO}
      C: MAIL FROM:<tim@example.org>
      S: 530 5.7.0 Authentication required
    `,
      rights,
      submission,
    )
  })
})
