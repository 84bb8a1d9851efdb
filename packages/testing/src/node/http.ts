import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TestMailError } from '../errors.js'
import { createTestMailApi } from '../http/api.js'
import type { HttpAccess } from '../options.js'
import type { TestMail } from '../test-mail.js'

/** Where the HTTP interface is served. */
export interface ServeOptions extends HttpAccess {
  /** Default: `127.0.0.1`. */
  readonly host?: string
  /** Default: 0, any free port. */
  readonly port?: number
}

/** The HTTP interface, bound. */
export interface ServedTestMail extends AsyncDisposable {
  readonly port: number
  close(): Promise<void>
}

/** Octets of a request's body at most. */
const LARGEST = 128 * 1024 * 1024

/**
 * Serves the HTTP interface of a test server; `startTestMail({ http: true })` does it for you.
 * @throws TestMailError `options` for a port that is taken, or another error of `node:net`.
 */
export async function serveTestMail(mail: TestMail, options: ServeOptions = {}): Promise<ServedTestMail> {
  const { host = '127.0.0.1', port = 0, ...access } = options
  const api = createTestMailApi(mail, access)
  const server = createServer((incoming, outgoing) => {
    answer(api, incoming, outgoing).catch(() => outgoing.destroy())
  })
  await bind(server, host, port)
  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return { port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause)
      reject(
        new TestMailError('options', `port ${port} of ${host} is taken: leave the port out for a free one`, { cause }),
      )
    })
    server.listen({ host, port }, resolve)
  })
}

async function answer(
  api: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  outgoing.on('close', () => gone.abort())
  const { method = 'GET', url = '/' } = incoming
  const body = method === 'GET' || method === 'HEAD' ? null : await bodyOf(incoming)
  if (body === 'too-large') return void outgoing.writeHead(413).end()
  const { host = 'localhost' } = incoming.headers
  if (!URL.canParse(url, `http://${host}`)) return void outgoing.writeHead(400).end()
  const response = await api(
    new Request(new URL(url, `http://${host}`), {
      method,
      headers: headersOf(incoming),
      signal: gone.signal,
      ...(body !== null && body.length > 0 && { body: new Uint8Array(body) }),
    }),
  )
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  if (response.body) {
    for await (const piece of response.body) {
      if (!outgoing.write(piece)) await drained(outgoing)
      if (outgoing.destroyed) return
    }
  }
  outgoing.end()
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer | 'too-large'> {
  const pieces: Buffer[] = []
  let octets = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    octets += piece.length
    if (octets > LARGEST) return 'too-large'
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function headersOf({ headers }: IncomingMessage): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  )
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('drain', resolve)
    outgoing.once('close', resolve)
  })
}
