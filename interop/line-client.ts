import { connect, type Socket } from 'node:net'
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib'

/** A client that types: for conversations that no well-behaved library would have. */
export interface LineClient {
  readonly socket: Socket
  write(text: string | Uint8Array): void
  /** The next line, without CRLF. Fails when the connection ends before it. */
  line(): Promise<string>
  /** Lines up to one that starts with `start`; that one is the last. */
  until(start: string): Promise<string[]>
  /** From now on both sides compress (RFC 4978 §4). Nothing that was read before may be compressed. */
  compress(): void
  /** All that comes until the server closes. */
  end(): Promise<string>
}

export async function typeTo(port: number): Promise<LineClient> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let over = false
  let wake: (() => void) | null = null
  const note = (): void => {
    wake?.()
    wake = null
  }
  const more = (): Promise<void> => new Promise((resolve) => (wake = resolve))
  const read = (chunk: Buffer): void => {
    text += chunk.toString('latin1')
    note()
  }
  socket.on('data', read)
  const ended = (): void => {
    over = true
    note()
  }
  socket.on('close', ended)
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const client: LineClient = {
    socket,
    write: (bytes) => void socket.write(bytes),
    compress() {
      // What was read is inflated before the end is seen.
      const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH }).on('data', read).on('close', ended)
      inflate.on('error', () => socket.destroy())
      socket.off('data', read).off('close', ended).pipe(inflate)
      const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH })
      deflate.on('error', () => {}).pipe(socket)
      client.write = (bytes) => void deflate.write(bytes)
    },
    async line() {
      for (;;) {
        const end = text.indexOf('\r\n')
        if (end !== -1) {
          const line = text.slice(0, end)
          text = text.slice(end + 2)
          return line
        }
        if (over) throw new Error(`the server closed the connection; unread: ${JSON.stringify(text)}`)
        await more()
      }
    },
    async until(start) {
      const lines: string[] = []
      for (;;) {
        const line = await client.line()
        lines.push(line)
        if (line.startsWith(start)) return lines
      }
    },
    async end() {
      while (!over) await more()
      const rest = text
      text = ''
      return rest
    },
  }
  return client
}
