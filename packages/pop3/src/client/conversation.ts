import { type ClientConnection, ConnectionError } from '@posthouse/wire'
import { createPop3ClientEngine, type Pop3ClientEngine, type Pop3ClientEvent } from '../engine/client-engine.js'
import type { Pop3Status } from '../syntax/status.js'
import { Pop3ClientError } from './errors.js'

/** Commands and their answers, over a connection: the engine's handle is turned by whoever waits for an answer. */
export interface Conversation {
  readonly connection: ClientConnection
  /** Says a command without waiting. */
  say(line: string, expects?: 'lines' | 'challenges'): void
  /** The first line of the oldest answer. @throws Pop3ClientError `refused` for `-ERR`, `protocol`. */
  status(command: string): Promise<Pop3Status>
  /** The next thing the server says. */
  next(): Promise<Pop3ClientEvent>
  /** `say` and `status`. */
  ask(line: string): Promise<Pop3Status>
  /** Says a command and gives the lines behind its `+OK`. */
  lines(line: string): Promise<string[]>
  /** Answers a challenge. */
  respond(line: string): void
  /** Encrypts the connection and starts anew behind it (RFC 2595 §4). */
  startTls(): Promise<void>
  /** True once the connection cannot be used any more. */
  readonly over: boolean
  end(): Promise<void>
}

export interface ConversationOptions {
  /** ms to wait for each piece of an answer. */
  readonly timeout: number
  /** Octets of a listing. */
  readonly maxListing: number
}

export function createConversation(connection: ClientConnection, options: ConversationOptions): Conversation {
  let engine: Pop3ClientEngine = createPop3ClientEngine()
  let over = false

  function broken(message: string): Pop3ClientError {
    over = true
    connection.destroy()
    return new Pop3ClientError('protocol', message)
  }

  const closed = (): Pop3ClientError => new Pop3ClientError('closed', 'the connection is closed')

  async function next(): Promise<Pop3ClientEvent> {
    for (;;) {
      const event = engine.next()
      if (event.type === 'violation') throw broken(event.message)
      if (event.type !== 'need-data' && event.type !== 'paused') return event
      if (over) throw closed()
      const output = engine.takeOutput()
      // Not waited for: a server that answers before it reads on wants to be read; of one that does neither, and of a
      // connection that is lost, reading tells.
      const slow = output.length > 0 && connection.write(output)
      if (slow) slow.catch(() => {})
      engine.receive(await read())
    }
  }

  async function read(): Promise<Uint8Array> {
    let failure: unknown
    try {
      const chunk = await connection.read(options.timeout)
      if (chunk) return chunk
      failure = new ConnectionError('lost', 'the server closed the connection')
    } catch (reason) {
      failure = reason
    }
    // We have closed it.
    if (over) throw closed()
    over = true
    connection.destroy()
    throw failure
  }

  async function status(command: string): Promise<Pop3Status> {
    const event = await next()
    if (event.type !== 'status') throw broken(`the answer to ${command} does not begin with a status`)
    if (event.ok) return event
    const { text, code } = event
    throw new Pop3ClientError('refused', `${command}: ${text || 'refused'}`, { command, responseCode: code })
  }

  const say: Conversation['say'] = (line, expects) =>
    engine.send({ type: 'command', line, expects: expects ?? 'status' })

  async function lines(line: string): Promise<string[]> {
    say(line, 'lines')
    const command = line.split(' ', 1)[0]
    await status(command)
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const event = await next()
      if (event.type === 'end') break
      if (event.type !== 'octets') throw broken(`the answer to ${command} has no end`)
      for (const piece of event.pieces) text += decoder.decode(piece, { stream: true })
      if (text.length > options.maxListing) throw broken(`the answer to ${command} is too long`)
    }
    return text.split('\n').flatMap((one) => (one === '' ? [] : [one.endsWith('\r') ? one.slice(0, -1) : one]))
  }

  return {
    connection,
    say,
    status,
    next,
    lines,
    ask(line) {
      say(line)
      return status(line.split(' ', 1)[0])
    },
    respond: (line) => engine.send({ type: 'response', line }),
    async startTls() {
      if (engine.unread > 0) {
        connection.destroy()
        throw new ConnectionError('injected', 'octets came in clear text behind the reply to STLS')
      }
      await connection.startTls()
      engine = createPop3ClientEngine(true)
    },
    get over() {
      return over
    },
    async end() {
      if (over) return
      over = true
      await connection.end()
    },
  }
}
