/** Our client delivers into Dovecot by LMTP, logs in to its submission server, and reads by IMAP what came. */
import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectLmtp, connectSmtp } from '@posthouse/smtp/node'
import { cramMd5Client, type SaslCredentials, standardClientMechanisms } from '@posthouse/wire'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificates, type TestCertificates } from '../../packages/smtp/test/client/certificates.js'
import { type Dovecot, freePort, NO_PENALTY, startDovecot } from '../dovecot.js'
import { type Postfix, startPostfix } from '../postfix.js'
import { ensureInstalled } from '../tools.js'

const KEY = 'a key that signs tokens'
const NEEDED = ['dovecot-imapd', 'dovecot-pop3d', 'dovecot-lmtpd', 'dovecot-submissiond', 'postfix']

describe.skipIf(!ensureInstalled(NEEDED))('Dovecot', () => {
  let dovecot: Dovecot
  let postfix: Postfix
  let certificates: TestCertificates
  let lmtp = 0
  let submission = 0

  beforeAll(async () => {
    certificates = makeCertificates()
    postfix = await startPostfix()
    lmtp = await freePort()
    submission = await freePort()
    dovecot = await startDovecot({ protocols: 'imap pop3 lmtp submission', settings })
  })
  afterAll(async () => {
    await dovecot?.stop()
    await postfix?.stop()
  })

  function settings(folder: string): string {
    writeFileSync(join(folder, 'cert.pem'), certificates.server.cert)
    writeFileSync(join(folder, 'key.pem'), certificates.server.key)
    const keys = join(folder, 'keys', 'default', 'HS256')
    mkdirSync(keys, { recursive: true })
    writeFileSync(join(keys, 'default'), Buffer.from(KEY).toString('base64'))
    writeFileSync(
      join(folder, 'oauth2.conf'),
      `introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix=${folder}/keys/\nusername_attribute = sub\n`,
    )
    return `
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
${NO_PENALTY}
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2
passdb {
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = ${folder}/oauth2.conf
}
postmaster_address = postmaster@example.org
hostname = dovecot.example.org
submission_relay_host = 127.0.0.1
submission_relay_port = ${postfix.port}
submission_relay_trusted = yes
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtp}
  }
  chroot =
}
service submission-login {
  inet_listener submission {
    port = ${submission}
  }
  chroot =
}
`
  }

  async function inbox(user: string): Promise<string[]> {
    const imap = new ImapFlow({
      ...{ host: '127.0.0.1', port: dovecot.imap, secure: false, logger: false, tls: { rejectUnauthorized: false } },
      auth: { user, pass: 'secret' },
    })
    await imap.connect()
    await imap.mailboxOpen('INBOX')
    const all: string[] = []
    for await (const { source } of imap.fetch('1:*', { source: true })) all.push(source?.toString('latin1') ?? '')
    await imap.logout()
    return all
  }

  test.each([[[]], [['CHUNKING']]])('LMTP: a reply for each recipient (without %s)', async (ignore) => {
    await using client = await connectLmtp({ host: '127.0.0.1', port: lmtp, tls: 'never', ignore })
    expect(client.capabilities?.has('PIPELINING')).toBe(true)
    const user = `user${ignore.length}`
    const big = `Subject: big\r\n\r\n${'.line\r\n'.repeat(50_000)}`
    for (const message of ['Subject: x\r\n\r\n.dots\r\n..\r\n', big]) {
      const envelope = {
        reversePath: 'a@example.net',
        recipients: [`${user}a`, `${user}b`].map((name) => `${name}@example.org`),
      }
      const { accepted } = await client.send({ envelope, message: Buffer.from(message) })
      expect(accepted).toHaveLength(2)
    }
    for (const name of ['a', 'b']) {
      const stored = await inbox(`${user}${name}@example.org`)
      expect(stored).toHaveLength(2)
      expect(stored[0].endsWith('Subject: x\r\n\r\n.dots\r\n..\r\n')).toBe(true)
      expect(stored[1].endsWith(big)).toBe(true)
    }
  })

  /** A JSON Web Token as an authorization server makes it. */
  function token(user: string, key = KEY): string {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: user, iat: now, exp: now + 600, iss: 'test' })}`
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  }

  const PASSWORD: SaslCredentials = { user: 'alice', password: 'secret' }
  test.each([
    ['PLAIN', PASSWORD],
    ['LOGIN', PASSWORD],
    ['CRAM-MD5', PASSWORD],
    ['SCRAM-SHA-1', PASSWORD],
    ['SCRAM-SHA-256', PASSWORD],
    ['OAUTHBEARER', null],
    ['XOAUTH2', null],
  ])('submission: %s, over TLS, and on to Postfix', async (name, password) => {
    const mechanisms = [...standardClientMechanisms(), cramMd5Client].filter((one) => one.name === name)
    const how = { host: 'localhost', port: submission, tlsOptions: { ca: certificates.authority }, mechanisms }
    await using client = await connectSmtp({ ...how, auth: password ?? { user: 'alice', token: token('alice') } })
    const before = postfix.delivered('bob').length
    await client.send({
      envelope: { reversePath: 'alice@example.org', recipients: ['bob@example.org'] },
      message: Buffer.from(`Subject: by ${name}\r\n\r\nx\r\n`),
    })
    expect((await postfix.deliveredTo('bob', before + 1)).some((text) => text.includes(`Subject: by ${name}`))).toBe(
      true,
    )
    const wrong = password
      ? { user: 'alice', password: 'wrong' }
      : { user: 'alice', token: token('alice', 'another key') }
    await expect(connectSmtp({ ...how, auth: wrong })).rejects.toMatchObject({ code: 'auth', temporary: false })
  })

  test('the strongest that Dovecot has', async () => {
    const said: string[] = []
    await using client = await connectSmtp({
      host: 'localhost',
      port: submission,
      auth: PASSWORD,
      tlsOptions: { ca: certificates.authority },
      transcript: ({ side, text }) => void said.push(`${side}: ${text}`),
    })
    expect(client.usable).toBe(true)
    expect(said).toContain('client: AUTH SCRAM-SHA-256 ***')
  })
})
