/**
 * A server whose sockets read into memory that is used again.
 *
 * A socket of `node:net` allocates 64 KiB for each read and hands over what came through a stream; both cost more than
 * an engine does with a command. `net.Socket` has `onread` for that, but a `net.Server` makes its sockets without it,
 * so here they are made of the server's handles. Where a runtime has no such handles, sockets are what they always are.
 */
import { createServer, type Server, Socket } from 'node:net'

/** Takes a chunk; true when its memory may be used again. */
export type Taker = (chunk: Uint8Array) => boolean

/** A socket and who takes what comes from it. */
export interface Incoming {
  readonly socket: Socket
  /**
   * From now on this one takes the chunks. They are not written to again unless it says so.
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
/** Reads up to this are small. */
const SMALL = 8_192
/** Pieces of memory that are kept for the next read which is not small. */
const KEPT = 32

/** Takes what nobody wants. */
export const drop: Taker = () => true

/** Gives each new connection to `accept`. The server knows nothing of its connections: count them. */
export function createSocketServer(accept: (incoming: Incoming) => void): Server {
  const memory = createReadMemory()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let taker: Taker = drop
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
      accept(openSocket(handle, memory))
    }
  })
  return server
}

/** Memory that sockets read into. */
interface ReadMemory {
  /** All sockets read into it: whatever comes is copied before the next read of any of them. */
  readonly shared: Buffer
  /** Memory for one socket. */
  take(): Buffer
  /** Nobody reads what is in it any more. */
  give(memory: Buffer): void
}

function createReadMemory(): ReadMemory {
  const free: Buffer[] = []
  return {
    shared: Buffer.allocUnsafeSlow(READ_SIZE),
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(READ_SIZE),
    give(memory) {
      if (free.length < KEPT) free.push(memory)
    },
  }
}

/**
 * Small reads go through memory that all sockets share, and are copied. A socket that has much to say gets memory of
 * its own, which is handed over as it is: to make new memory for each read would cost more than to read the mail in it.
 */
function openSocket(handle: Handle, memory: ReadMemory): Incoming {
  const { shared } = memory
  let next = shared
  let taker: Taker = drop

  /** Hands over memory that this socket alone has; what the taker keeps is lost to the others. */
  function handOver(whole: Buffer, length: number): void {
    if (taker(whole.length === length ? whole : whole.subarray(0, length))) memory.give(whole)
  }

  const options = {
    handle,
    allowHalfOpen: true,
    readable: true,
    writable: true,
    onread: {
      buffer: () => next,
      callback(length: number, into: Buffer): boolean {
        if (length <= SMALL) {
          const copy = Buffer.allocUnsafe(length)
          into.copy(copy, 0, 0, length)
          if (into !== shared) memory.give(into)
          next = shared
          taker(copy)
          return true
        }
        let own = into
        if (into === shared) {
          own = memory.take()
          into.copy(own, 0, 0, length)
        }
        handOver(own, length)
        next = memory.take()
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
