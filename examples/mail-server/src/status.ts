import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface StatusSources {
  /** In Prometheus' text format. */
  metrics(): Promise<string>
  /** Why no mail can be taken now; `null`: all is well. */
  problem(): Promise<string | null>
}

export interface StatusServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * `/healthz` (the process answers), `/readyz` (mail can be taken and read), `/metrics`. Without a login: bind it where only
 * your monitoring reaches it.
 */
export async function startStatusServer(host: string, port: number, sources: StatusSources): Promise<StatusServer> {
  const server = createServer((request, response) => {
    answer(request, response, sources).catch((error: Error) => send(response, 500, `${error.message}\n`))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, sources: StatusSources): Promise<void> {
  if (request.method !== 'GET') return send(response, 405, 'GET only\n')
  if (request.url === '/healthz') return send(response, 200, 'ok\n')
  if (request.url === '/metrics') return send(response, 200, await sources.metrics(), 'text/plain; version=0.0.4')
  if (request.url !== '/readyz') return send(response, 404, '/healthz, /readyz, /metrics\n')
  const problem = await sources.problem()
  send(response, problem === null ? 200 : 503, `${problem ?? 'ready'}\n`)
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
