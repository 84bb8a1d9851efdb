/** Servers on real sockets for tests of the client. */
import { createServer, type Socket } from 'node:net'
import type { SmtpServer } from '../../src/index.js'
import { type Listening, type ListenOptions, listen } from '../../src/node/index.js'

export interface Servers {
  /** Our own server; its port. */
  serve(protocol: SmtpServer, options?: Partial<ListenOptions>): Promise<Listening>
  /** A server that says what it is told to: each answer behind one line of the client. */
  scripted(greeting: string, answers: readonly (string | ((socket: Socket) => void))[]): Promise<ScriptedServer>
  stop(): Promise<void>
}

export interface ScriptedServer {
  readonly port: number
  /** Connections so far. */
  readonly connections: number
  /** Resolves when all connections are closed. */
  closed(): Promise<void>
}

export function testServers(): Servers {
  const stops: (() => Promise<unknown>)[] = []
  return {
    async serve(protocol, options = {}) {
      const listening = await listen(protocol, { port: 0, ...options })
      stops.push(() => listening.close({ force: true }))
      return listening
    },
    async scripted(greeting, answers) {
      const sockets = new Set<Socket>()
      let connections = 0
      const waiting: (() => void)[] = []
      const server = createServer((socket) => {
        connections++
        sockets.add(socket)
        socket.on('close', () => {
          sockets.delete(socket)
          if (sockets.size === 0) for (const done of waiting.splice(0)) done()
        })
        const left = [...answers]
        socket.on('error', () => {})
        socket.write(greeting)
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1')
          for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
            text = text.slice(at + 1)
            const answer = left.shift()
            if (typeof answer === 'function') answer(socket)
            else if (answer !== undefined) socket.write(answer)
          }
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      stops.push(() => {
        for (const socket of sockets) socket.destroy()
        return new Promise((resolve) => server.close(resolve))
      })
      return {
        port: (server.address() as { port: number }).port,
        get connections() {
          return connections
        },
        closed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
      }
    },
    async stop() {
      for (const stop of stops.splice(0)) await stop()
    },
  }
}
