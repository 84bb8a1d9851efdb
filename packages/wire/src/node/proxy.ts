import { concat } from '../bytes.js'
import type { Endpoint } from '../link.js'
import { parseProxyHeader } from '../proxy.js'
import { drop, type Incoming } from './socket-server.js'

/** What a trusted proxy said, with the octets that came behind its header; or why it is refused. */
type Outcome = { readonly remote: Endpoint | null; readonly head: Uint8Array } | { readonly message: string }

/** Reads the PROXY header from a new socket. `done` is called once, unless the socket ends before. */
export function readProxyHeader(incoming: Incoming, timeout: number, done: (outcome: Outcome) => void): void {
  const { socket } = incoming
  let bytes: Uint8Array = new Uint8Array(0)
  const timer = setTimeout(() => settle({ message: 'no PROXY header in time' }), timeout)
  timer.unref?.()

  function settle(outcome: Outcome): void {
    clearTimeout(timer)
    incoming.giveTo(drop)
    socket.removeListener('close', gone)
    socket.removeListener('error', ignore)
    socket.pause()
    done(outcome)
  }

  function read(chunk: Uint8Array): void {
    bytes = concat([bytes, chunk])
    const header = parseProxyHeader(bytes)
    if (header.type === 'invalid') settle({ message: header.message })
    if (header.type === 'header') settle({ remote: header.remote, head: bytes.subarray(header.length) })
  }

  const gone = (): void => settle({ message: 'the proxy closed the connection before its header' })
  const ignore = (): void => {}
  incoming.giveTo(read)
  socket.once('close', gone)
  socket.on('error', ignore)
}
