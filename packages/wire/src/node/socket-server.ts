/**
 * A server whose sockets read into memory that is used again.
 *
 * A socket of `node:net` allocates 64 KiB for each read and hands over what came through a stream; both cost more than
 * an engine does with a command. `net.Socket` has `onread` for that, but a `net.Server` makes its sockets without it,
 * so here they are made of the server's handles. Where a runtime has no such handles, sockets are what they always are.
 */
import { createServer, type Server, Socket } from 'node:net'

/** Takes a chunk. */
export type Taker = (chunk: Uint8Array) => void

/** A socket and who takes what comes from it. */
export interface Incoming {
  readonly socket: Socket
  /**
   * From now on this one takes the chunks. They are not written to again before `consumed` is called.
   *
   * A function, because a callback that is kept in a variable is collected with its connection; one that is kept in a
   * property, replaced and called through it was seen to survive, with all it reaches, until a full collection (V8 11).
   */
  giveTo(taker: Taker): void
  /** Nobody looks at any of the chunks any more. Unless `again`, they are not written to all the same. */
  consumed(again: boolean): void
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
/** Reads up to this are small: their copies share Node's own pool. */
const SMALL = 4_096
/** Reads up to this are copied, too, into memory that comes back: most mails, each of which may wait for its handler. */
const MIDDLE = 16_384
/** Pieces of memory that are kept for such reads, and for longer ones: 4 MiB of each. */
const KEPT_MIDDLE = 256
const KEPT = 64
/** Pieces that one connection may hold and give back: no more than that can wait for a handler. */
const LENT = 4

/** Takes what nobody wants. */
export const drop: Taker = () => {}

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
      consumed() {},
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
  /** Memory for one socket: for a read of its own, or of so many octets. */
  take(octets?: number): Buffer
  /** Nobody reads what is in it any more. */
  give(memory: Buffer): void
}

function createReadMemory(): ReadMemory {
  const long: Buffer[] = []
  const middle: Buffer[] = []
  return {
    shared: Buffer.allocUnsafeSlow(READ_SIZE),
    take(octets = READ_SIZE) {
      const free = octets > MIDDLE ? long : middle
      return free.pop() ?? Buffer.allocUnsafeSlow(octets > MIDDLE ? READ_SIZE : MIDDLE)
    },
    give(memory) {
      if (memory.length === MIDDLE) {
        if (middle.length < KEPT_MIDDLE) middle.push(memory)
      } else if (long.length < KEPT) long.push(memory)
    },
  }
}

/**
 * Small reads go through memory that all sockets share, and are copied. A socket that has much to say gets memory of
 * its own, which is handed over as it is and comes back: new memory for each read costs more than to read the mail in it.
 */
function openSocket(handle: Handle, memory: ReadMemory): Incoming {
  const { shared } = memory
  let next = shared
  let taker: Taker = drop
  let lent: Buffer[] | null = null

  function takeSmall(length: number, into: Buffer): void {
    const copy = Buffer.allocUnsafe(length)
    into.copy(copy, 0, 0, length)
    letGo(into)
    taker(copy)
  }

  function takeBig(length: number, into: Buffer): void {
    let own = into
    const isLong = length > MIDDLE
    if (into === shared || !isLong) {
      own = memory.take(length)
      into.copy(own, 0, 0, length)
    }
    if (!isLong) letGo(into)
    lent ??= []
    // Whoever lets go of nothing keeps it for good.
    if (lent.length < LENT) lent.push(own)
    taker(own.length === length ? own : own.subarray(0, length))
    // Behind a long one there is more to come.
    if (isLong) next = memory.take()
  }

  function letGo(into: Buffer): void {
    if (into !== shared) memory.give(into)
    next = shared
  }

  const options = {
    handle,
    allowHalfOpen: true,
    readable: true,
    writable: true,
    onread: {
      buffer: () => next,
      callback(length: number, into: Buffer): boolean {
        if (length > SMALL) takeBig(length, into)
        else takeSmall(length, into)
        return true
      },
    },
  }
  return {
    socket: new Socket(options),
    giveTo(other) {
      taker = other
    },
    consumed(again) {
      if (lent === null) return
      if (again) for (const own of lent) memory.give(own)
      lent = null
    },
  }
}
