/** Servers with the handlers of this package, and DNS in memory. */
import { generateKeyPairSync } from 'node:crypto'
import { createSmtpServer, onMessage, type ReceivedMessage, type SmtpHandler } from '@posthouse/smtp'
import { connectSmtp, listen } from '@posthouse/smtp/node'
import { type LogEvent, latin1 } from '@posthouse/wire'
import { type MailAuthentication, mailAuthentication, type Resolve } from '../src/index.js'

/** Records by `TYPE name`. An `Error` fails the question. */
export type Zone = Readonly<Record<string, readonly string[] | Error>>

/** As `node:dns` answers. */
export function resolverOf(zone: Zone): Resolve & { readonly asked: string[] } {
  const asked: string[] = []
  const resolve = async (name: string, type: string): Promise<unknown> => {
    asked.push(`${type} ${name}`)
    const found = zone[`${type} ${name}`]
    if (found instanceof Error) throw found
    if (!found) throw Object.assign(new Error(`no ${type} ${name}`), { code: 'ENOTFOUND' })
    return type === 'TXT' ? found.map((text) => [text]) : found
  }
  return Object.assign(resolve, { asked }) as Resolve & { readonly asked: string[] }
}

export interface KeyPair {
  readonly privateKey: string
  /** The TXT record. */
  readonly record: string
}

export function keyPair(kind: 'rsa' | 'ed25519' = 'rsa', modulusLength = 2048): KeyPair {
  const { privateKey, publicKey } =
    kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength }) : generateKeyPairSync('ed25519')
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // RFC 8463 §4: of an Ed25519 key the bare 32 octets.
  const shown = kind === 'rsa' ? spki : spki.subarray(-32)
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    record: `v=DKIM1; k=${kind}; p=${shown.toString('base64')}`,
  }
}

export interface Passed {
  readonly text: string
  readonly found: MailAuthentication | undefined
}

export interface World {
  readonly passed: Passed[]
  readonly log: LogEvent[]
  /** Sends a message; `user`: after a login. Rejects when it is refused. */
  send(message: string | Uint8Array, how?: { readonly from?: string | null; readonly user?: string }): Promise<void>
  close(): Promise<void>
}

/** A server with these handlers, and one behind them that keeps what passes. */
export async function world(...handlers: readonly SmtpHandler[]): Promise<World> {
  const passed: Passed[] = []
  const log: LogEvent[] = []
  const server = createSmtpServer({
    hostname: 'mx.test',
    log: (event) => log.push(event),
    authenticate: (user) => user,
    handlers: [
      ...handlers,
      onMessage((message: ReceivedMessage) => {
        passed.push({ text: latin1(message.octets()), found: message.transaction.get(mailAuthentication) })
      }),
    ],
  })
  const listening = await listen(server, { port: 0 })
  return {
    passed,
    log,
    async send(message, { from = 'alice@example.org', user } = {}) {
      await using client = await connectSmtp({
        ...{ host: '127.0.0.1', port: listening.port, tls: 'never', hostname: 'client.example.org' },
        ...(user !== undefined && { auth: { user, password: 'secret' } }),
      })
      const octets = typeof message === 'string' ? new TextEncoder().encode(message.replaceAll('\n', '\r\n')) : message
      await client.send({ envelope: { reversePath: from, recipients: ['bob@mx.test'] }, message: octets })
    },
    close: () => listening.close({ force: true }),
  }
}

export const HELLO = `From: Alice <alice@example.org>
To: bob@mx.test
Subject: Hello
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>

Hello Bob
`
