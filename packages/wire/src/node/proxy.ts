import { concat } from '../bytes.js'
import type { Endpoint } from '../link.js'
import { parseProxyHeader } from '../proxy.js'
import { later } from './later.js'
import { drop, type Incoming } from './socket-server.js'

/**
 * What a trusted proxy said, with the octets that came behind its header; or why it is refused, and `silent` when it has
 * said nothing at all and left: a health check.
 */
type Outcome =
  | { readonly remote: Endpoint | null; readonly head: Uint8Array }
  | { readonly message: string; readonly silent: boolean }

/** Reads the PROXY header from a new socket. `done` is called once. */
export function readProxyHeader(incoming: Incoming, timeout: number, done: (outcome: Outcome) => void): void {
  const { socket } = incoming
  let bytes: Uint8Array = new Uint8Array(0)
  const timer = later(() => refuse('no PROXY header in time'), timeout)
  timer.unref?.()

  function settle(outcome: Outcome): void {
    clearTimeout(timer)
    incoming.giveTo(drop)
    socket.removeListener('end', gone)
    socket.removeListener('close', gone)
    socket.removeListener('error', ignore)
    socket.pause()
    done(outcome)
  }

  function refuse(message: string, silent = false): void {
    settle({ message, silent })
  }

  function read(chunk: Uint8Array): void {
    bytes = concat([bytes, chunk])
    const header = parseProxyHeader(bytes)
    if (header.type === 'invalid') refuse(header.message)
    if (header.type === 'header') settle({ remote: header.remote, head: bytes.subarray(header.length) })
  }

  const gone = (): void => refuse('the proxy closed the connection before its header', bytes.length === 0)
  const ignore = (): void => {}
  incoming.giveTo(read)
  // The other side stays open for us: without this the socket would be there until the time is over.
  socket.once('end', gone)
  socket.once('close', gone)
  socket.on('error', ignore)
}
