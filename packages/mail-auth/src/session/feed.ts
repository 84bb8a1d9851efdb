/** A message for `mailauth`, which reads streams: piece by piece as it comes from the spool, never whole in memory. */
import type { ByteRange, Source } from '@posthouse/store-api'
import type { MessageInput } from 'mailauth'
import { keepOctets, type LibraryHeader } from './blanks.js'
import type { Change, Spelling } from './signatures.js'

const LF = 10
const CRLF = Uint8Array.of(13, LF)

/** The part of a message that is read. */
export interface Readable {
  read(range?: ByteRange): Source
}

/** What `mailauth` pipes a stream into: itself. */
interface Sink extends LibraryHeader {
  write(octets: Uint8Array, done: (error?: Error | null) => void): unknown
  end(): unknown
  destroy(error: Error): unknown
  on(event: 'error', listener: () => void): unknown
}

/** How a message is fed. */
interface FeedOptions {
  /** What is left out, or stands there in its place; in order. */
  readonly changes?: readonly Change[]
  /** What the library hashes of signatures. */
  readonly spellings?: ReadonlyMap<string, Spelling>
  /** It breaks off when this aborts. */
  readonly over?: AbortSignal
  /** Called when the library knows the header. */
  readonly seen?: (library: LibraryHeader) => void
}

/** The message as a stream. */
export function streamOf(message: Readable, size: number, options: FeedOptions): MessageInput {
  let failed: (error: Error) => void = () => {}
  const input = {
    on(event: string, listener: (error: Error) => void) {
      if (event === 'error') failed = listener
      return input
    },
    pipe(sink: Sink) {
      sink.on('error', () => {})
      pump(message, size, sink, options).catch((error: unknown) => {
        const cause = error instanceof Error ? error : new Error(String(error))
        failed(cause)
        sink.destroy(cause)
      })
      return sink
    },
  }
  // It asks of a stream no more than `on` and `pipe`.
  return input as unknown as MessageInput
}

async function pump(message: Readable, size: number, sink: Sink, options: FeedOptions): Promise<void> {
  const { changes = [], spellings, over, seen } = options
  let start = 0
  let last: number | undefined = LF
  let kept = false
  const pass = async (octets: Uint8Array): Promise<void> => {
    await write(sink, octets)
    last = octets.at(-1) ?? last
    if (kept || !keepOctets(sink, spellings)) return
    kept = true
    seen?.(sink)
  }
  const all: readonly Change[] = [...changes, { start: size, end: size }]
  for (const change of all) {
    if (change.start > start) {
      for await (const octets of message.read({ start, end: change.start })) {
        over?.throwIfAborted()
        await pass(new Uint8Array(octets))
      }
    }
    if (change.octets) await pass(change.octets)
    start = change.end ?? change.start
  }
  if (last !== LF) await pass(CRLF)
  // A message may be a header alone (RFC 5322 §3.5); the library signs and checks nothing before the empty line.
  if (!kept) await pass(CRLF)
  sink.end()
}

function write(sink: Sink, octets: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    sink.write(octets, (error) => (error ? reject(error) : resolve()))
  })
}
