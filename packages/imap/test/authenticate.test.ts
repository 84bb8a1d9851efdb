/** AUTHENTICATE with mechanisms that need more than one exchange, played by the clients of `@posthouse/wire`. */
import {
  type CredentialVerifier,
  decodeBase64,
  deriveScramSecret,
  encodeBase64,
  fromLatin1,
  latin1,
  oauthBearerClient,
  type SaslClientMechanism,
  type SaslCredentials,
  scramClient,
} from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'
import { testServer } from './servers.js'

const verifier: CredentialVerifier = {
  async scram(user, hash) {
    if (user !== 'alice') return null
    return { identity: { account: 'alice' }, ...(await deriveScramSecret('secret', { hash, iterations: 4096 })) }
  },
  bearer: ({ token }) => (token === 't'.repeat(3000) ? { account: 'alice' } : null),
}

/** Logs in, with or without an initial response (SASL-IR); the tagged answer. */
async function authenticate(mechanism: SaslClientMechanism, credentials: SaslCredentials, initial: boolean) {
  const connection = connectInMemory(testServer({ authenticate: verifier }).server)
  const line = async (): Promise<string> => {
    let text = ''
    while (!text.endsWith('\r\n')) {
      await connection.output()
      text += latin1(connection.take())
    }
    return text.slice(0, -2)
  }
  await line()
  const say = (text: string): void => connection.send(fromLatin1(`${text}\r\n`))
  const context = { host: 'localhost', port: 143, tls: null, secure: true, offered: new Set([mechanism.name]) }
  const exchange = mechanism.start(credentials, context)
  const first = encodeBase64((await exchange.start()) as Uint8Array)
  say(initial ? `a AUTHENTICATE ${mechanism.name} ${first}` : `a AUTHENTICATE ${mechanism.name}`)
  let waiting = initial ? null : first
  for (;;) {
    const answer = await line()
    if (!answer.startsWith('+')) {
      if (answer.startsWith('a OK')) exchange.finish()
      return answer
    }
    if (waiting !== null) expect(answer).toBe('+ ')
    say(waiting ?? encodeBase64(await exchange.respond(decodeBase64(fromLatin1(answer.slice(2))) as Uint8Array)))
    waiting = null
  }
}

const sha256 = scramClient().find(({ name }) => name === 'SCRAM-SHA-256') as SaslClientMechanism

test.each([true, false])('SCRAM-SHA-256 (initial response: %s)', async (initial) => {
  expect(await authenticate(sha256, { user: 'alice', password: 'secret' }, initial)).toContain('a OK [CAPABILITY')
  for (const credentials of [
    { user: 'alice', password: 'wrong' },
    { user: 'nobody', password: 'secret' },
  ]) {
    const answer = await authenticate(sha256, credentials, initial)
    expect(answer).toBe('a NO [AUTHENTICATIONFAILED] Authentication failed')
  }
})

test.each([true, false])('OAUTHBEARER with a long token (initial response: %s)', async (initial) => {
  const token = 't'.repeat(3000)
  expect(await authenticate(oauthBearerClient, { user: 'alice', token }, initial)).toContain('a OK [CAPABILITY')
  const refused = await authenticate(oauthBearerClient, { user: 'alice', token: 'x' }, initial)
  expect(refused).toBe('a NO [AUTHENTICATIONFAILED] Authentication failed')
})
