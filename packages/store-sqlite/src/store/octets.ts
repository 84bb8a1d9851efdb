import { type ByteRange, StoreError } from '@posthouse/store-api'
import { blobNumber } from '../blob-id.js'
import type { ReadAnswers } from '../read/requests.js'
import { readTail } from '../tail/read.js'
import type { Backend } from '../thread/backend.js'

/** Chunks of the first answer: most messages are whole with it. */
const FIRST_CHUNKS = 4
/** Chunks of the answers after it: a journey between threads costs as much as copying a few chunks. */
const CHUNKS = 8

/**
 * The octets of a blob, a bounded number at a time: while one answer is being used the next is on its way, so that two
 * are held at most.
 */
export async function* readOctets(
  backend: Backend,
  tails: string,
  blob: string,
  range?: ByteRange,
): AsyncGenerator<Uint8Array> {
  const id = blobNumber(blob)
  if (id === undefined) throw gone()
  let start = range?.start ?? 0
  let end = range?.end ?? Number.MAX_SAFE_INTEGER
  const ask = (chunks: number): Promise<ReadAnswers['octets']> => {
    const answer = backend.read<'octets'>({ type: 'octets', blob: id, start, end, chunks })
    // Whoever stops reading never looks at the answer on its way.
    answer.catch(() => {})
    return answer
  }
  let ahead = ask(FIRST_CHUNKS)
  for (;;) {
    const answer = await ahead
    if (!answer) throw gone()
    end = Math.min(end, answer.size)
    for (const piece of answer.pieces) start += piece.byteLength
    const head = answer.size - answer.tail
    const whole = answer.pieces.length === 0 || start >= Math.min(end, head)
    if (!whole) ahead = ask(CHUNKS)
    yield* answer.pieces
    if (!whole) continue
    if (start < end) yield* readTail(tails, id, start - head, end - head, range?.reuse ?? false)
    return
  }
}

function gone(): StoreError {
  return new StoreError('nonexistent', 'there are no such octets (any more)')
}
