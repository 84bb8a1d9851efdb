import {
  fromUtf8,
  type SaslClientContext,
  type SaslClientExchange,
  type SaslContext,
  type SaslExchange,
  type SaslStep,
  type TlsInfo,
  utf8,
} from '@posthouse/wire'

/** TLS as both ends see it; the bindings are what a test says. */
export function tls(exporter: Uint8Array | null, endPoint: Uint8Array | null = null): TlsInfo {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    servername: null,
    peerCertificate: null,
    channelBinding: (type) => (type === 'tls-exporter' ? exporter : endPoint),
  }
}

export function serverContext(part: Partial<SaslContext> = {}): SaslContext {
  return { service: 'smtp', tls: null, secure: true, remote: { address: '192.0.2.1', port: 49152 }, ...part }
}

export function clientContext(part: Partial<SaslClientContext> = {}): SaslClientContext {
  return { host: 'mail.example.org', port: 587, tls: null, secure: true, offered: new Set(), ...part }
}

/** Says responses to a server's exchange one after the other; the answers as text, the last one as a step. */
export async function say(exchange: SaslExchange, ...responses: (string | null)[]): Promise<(string | SaslStep)[]> {
  const answers: (string | SaslStep)[] = []
  for (const response of responses) {
    const step = await exchange.respond(response === null ? null : fromUtf8(response))
    answers.push(step.type === 'challenge' ? utf8(step.data) : step)
  }
  return answers
}

/** Lets a client log in to a server, as a protocol with initial responses does; what both said. */
export async function logIn(client: SaslClientExchange, server: SaslExchange): Promise<SaslStep & { said: string[] }> {
  const said: string[] = []
  let response = await client.start()
  for (;;) {
    if (response) said.push(utf8(response))
    const step = await server.respond(response)
    if (step.type === 'failure') return { ...step, said }
    if (step.type === 'success') {
      if (step.data) {
        said.push(utf8(step.data))
        await client.respond(step.data)
      }
      client.finish()
      return { ...step, said }
    }
    said.push(utf8(step.data))
    response = await client.respond(step.data)
  }
}
