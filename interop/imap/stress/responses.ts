import { connect, type Socket } from 'node:net'

/** Whole responses of a server, one by one; the octets of literals stand in them where they came. */
export interface Responses {
  /** `null`: the connection is over. */
  next(): Promise<string | null>
  write(text: string): void
  /** Ends it without a word. */
  drop(): void
}

const LITERAL = /\{(\d+)\}$/

/** Connects to an IMAP server. */
export async function openResponses(port: number): Promise<Responses> {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  let text = ''
  /** Where the line in progress is looked for: behind the literals that it has had so far. */
  let from = 0
  let over = false
  let wake = (): void => {}
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    wake()
  })
  socket.on('close', () => {
    over = true
    wake()
  })
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))

  function take(): string | null {
    for (;;) {
      const end = text.indexOf('\r\n', from)
      if (end === -1) return null
      const literal = LITERAL.exec(text.slice(from, end))
      if (!literal) {
        const response = text.slice(0, end)
        text = text.slice(end + 2)
        from = 0
        return response
      }
      const behind = end + 2 + Number(literal[1])
      if (text.length < behind) return null
      from = behind
    }
  }

  return {
    async next() {
      for (;;) {
        const response = take()
        if (response !== null) return response
        if (over) return null
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    write: (line) => void socket.write(line, 'latin1'),
    drop: () => void socket.destroy(),
  }
}
