import { rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'

/** Where a server is bound. */
export interface Place {
  readonly host?: string
  readonly port?: number
  readonly path?: string
  readonly everybody?: boolean
  readonly backlog?: number
}

/**
 * Binds a server. A Unix socket that a process which is gone has left behind is replaced.
 * @throws Error of `node:net`.
 */
export async function bind(server: Server, place: Place): Promise<void> {
  try {
    await attempt(server, place)
  } catch (error) {
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (place.path === undefined || !inUse || (await answers(place.path))) throw error
    rmSync(place.path)
    await attempt(server, place)
  }
}

function attempt(server: Server, { host, port, path, everybody = false, backlog = 511 }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const where =
      path === undefined ? { host, port, backlog } : { path, backlog, readableAll: everybody, writableAll: everybody }
    server.listen(where, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

/** True unless nobody is behind a Unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
