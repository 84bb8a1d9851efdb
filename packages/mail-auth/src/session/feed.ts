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

/**
 * The message as a stream. `changes`: in order. `spellings`: what the library hashes of signatures. It breaks off when
 * `over` aborts. `seen` is called when the library knows the header.
 */
export function streamOf(
  message: Readable,
  size: number,
  changes: readonly Change[] = [],
  spellings?: ReadonlyMap<string, Spelling>,
  over?: AbortSignal,
  seen?: (library: LibraryHeader) => void,
): MessageInput {
  let failed: (error: Error) => void = () => {}
  const input = {
    on(event: string, listener: (error: Error) => void) {
      if (event === 'error') failed = listener
      return input
    },
    pipe(sink: Sink) {
      sink.on('error', () => {})
      pump(message, [...changes, { start: size, end: size }], sink, spellings, over, seen).catch((error: unknown) => {
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

async function pump(
  message: Readable,
  changes: readonly Change[],
  sink: Sink,
  spellings?: ReadonlyMap<string, Spelling>,
  over?: AbortSignal,
  seen?: (library: LibraryHeader) => void,
): Promise<void> {
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
  for (const change of changes) {
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
