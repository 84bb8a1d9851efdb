/**
 * A server whose sockets read into memory that is used again.
 *
 * A socket of `node:net` allocates 64 KiB for each read and hands over what came through a stream; both cost more than
 * an engine does with a command. `net.Socket` has `onread` for that, but a `net.Server` makes its sockets without it,
 * so here they are made of the server's handles. Where a runtime has no such handles, sockets are what they always are.
 */
import { createServer, type Server, Socket } from 'node:net'

export type Taker = (chunk: Uint8Array) => void

/** A socket and who takes what comes from it. */
export interface Incoming {
  readonly socket: Socket
  /**
   * From now on this one takes the chunks. They are not written to again.
   *
   * A function, because a callback that is kept in a variable is collected with its connection; one that is kept in a
   * property, replaced and called through it was seen to survive, with all it reaches, until a full collection (V8 11).
   */
  giveTo(taker: Taker): void
}

/** What `node:net` makes of an accepted connection. */
interface Handle {
  useUserBuffer?: unknown
  setNoDelay?(on: boolean): void
}
interface ServerHandle {
  onconnection?: (this: unknown, error: number, handle?: Handle) => void
}

/** Octets of one read at most. */
const READ_SIZE = 65_536
/** Reads that are copied: memory of their own would cost more. */
const COPIED = 8_192

const ignore = (): void => {}

/** Gives each new connection to `accept`. The server knows nothing of its connections: count them. */
export function createSocketServer(accept: (incoming: Incoming) => void): Server {
  const shared = Buffer.allocUnsafeSlow(READ_SIZE)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let taker: Taker = ignore
    socket.on('data', (chunk) => taker(chunk))
    accept({
      socket,
      giveTo(next) {
        taker = next
      },
    })
  })
  server.once('listening', () => {
    const listener = (server as unknown as { _handle?: ServerHandle | null })._handle
    const usual = listener?.onconnection
    if (!listener || typeof usual !== 'function') return
    listener.onconnection = function (error, handle) {
      if (error || typeof handle?.useUserBuffer !== 'function') return usual.call(this, error, handle)
      handle.setNoDelay?.(true)
      accept(openSocket(handle, shared))
    }
  })
  return server
}

/**
 * Small reads go through memory that all sockets share, and are copied. A socket that has much to say gets memory of
 * its own for each read, which is handed over as it is.
 */
function openSocket(handle: Handle, shared: Buffer): Incoming {
  let next = shared
  let taker: Taker = ignore
  const options = {
    handle,
    allowHalfOpen: true,
    readable: true,
    writable: true,
    onread: {
      buffer: () => next,
      callback(length: number, memory: Buffer): boolean {
        const whole = memory.length === length ? memory : memory.subarray(0, length)
        const handedOver = length > COPIED && memory !== shared
        next = length > COPIED ? Buffer.allocUnsafeSlow(READ_SIZE) : shared
        taker(handedOver ? whole : copyOf(whole))
        return true
      },
    },
  }
  return {
    socket: new Socket(options),
    giveTo(other) {
      taker = other
    },
  }
}

function copyOf(octets: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(octets.length)
  copy.set(octets)
  return copy
}
