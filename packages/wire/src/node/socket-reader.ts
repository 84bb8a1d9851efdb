import type { Socket } from 'node:net'
import { ConnectionError } from '../client/connection.js'
import { later } from './later.js'

/** Turns a socket that pushes into one that is asked: the socket rests while nobody wants its chunks. */
export interface SocketReader {
  attach(socket: Socket): void
  /** No chunk of this socket is taken any more, because another stream reads it. */
  detach(socket: Socket): void
  /** What still comes is thrown away. */
  discard(socket: Socket): void
  /** True when a chunk is there that nobody has read. */
  readonly holds: boolean
  /** See `ClientConnection.read`. */
  read(timeout: number): Promise<Uint8Array | null>
  /** The socket said why it will be lost. */
  failed(error: Error): void
  /** The socket is gone. */
  lost(): void
}

/** What to tell of a connection that the system, or we ourselves, have ended for this reason. */
export function lossOf(error?: Error | null): ConnectionError {
  if (error instanceof ConnectionError) return error
  return new ConnectionError('lost', `the connection was lost${error ? `: ${error.message}` : ''}`, { cause: error })
}

export function createSocketReader(): SocketReader {
  const chunks: Uint8Array[] = []
  let socket: Socket | null = null
  let ended = false
  let failure: ConnectionError | null = null
  let waiting: { resolve(chunk: Uint8Array | null): void; reject(error: Error): void } | null = null
  let timer: NodeJS.Timeout | null = null

  function settle(): typeof waiting {
    const one = waiting
    waiting = null
    if (timer) clearTimeout(timer)
    timer = null
    return one
  }

  function received(chunk: Uint8Array): void {
    const one = settle()
    if (one) return one.resolve(chunk)
    chunks.push(chunk)
    socket?.pause()
  }

  function finished(): void {
    ended = true
    settle()?.resolve(null)
  }

  return {
    attach(next) {
      socket = next
      next.on('data', received)
      next.on('end', finished)
    },
    detach(old) {
      old.removeListener('data', received)
      old.removeListener('end', finished)
      socket = null
    },
    discard(old) {
      old.removeListener('data', received)
      old.on('data', () => {})
      old.resume()
    },
    get holds() {
      return chunks.length > 0
    },
    read(timeout) {
      const chunk = chunks.shift()
      if (chunk) return Promise.resolve(chunk)
      if (failure) return Promise.reject(failure)
      if (ended) return Promise.resolve(null)
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        socket?.resume()
        if (timeout === 0) return
        timer = later(() => {
          settle()
          reject(new ConnectionError('timeout', `the server was silent for ${timeout} ms`))
        }, timeout)
      })
    },
    failed(error) {
      if (failure) return
      failure = lossOf(error)
      settle()?.reject(failure)
    },
    lost() {
      if (ended && !failure) return
      failure ??= lossOf()
      settle()?.reject(failure)
    },
  }
}
