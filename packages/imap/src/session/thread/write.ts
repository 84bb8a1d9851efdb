/** THREAD responses (RFC 5256 §4), written without recursion: a thread may be as deep as there are messages. */
import type { ResponseWriter } from '../../syntax/writer.js'
import type { ThreadNode } from '../extension.js'

/** Threads between two looks at whether the client reads. */
const BATCH = 1_000

/** Writes `* THREAD (2)(3 6 (4 23)(44 7 96))`. `flush` is called between threads. */
export async function writeThreads(
  out: ResponseWriter,
  threads: readonly ThreadNode[],
  flush: () => void | Promise<void>,
): Promise<void> {
  out.text(threads.length > 0 ? '* THREAD ' : '* THREAD')
  /** What is still to be written, the last one first; `null` is a closing parenthesis. */
  const stack: (ThreadNode | null)[] = []
  for (let i = threads.length - 1; i >= 0; i--) stack.push(threads[i])
  for (let written = 1; stack.length > 0; written++) {
    const next = stack.pop()
    if (next) writeChain(out, next, stack)
    else out.text(')')
    const slow = written % BATCH === 0 ? flush() : undefined
    if (slow) await slow
  }
  out.crlf()
}

/** Writes a node and its only children down to where the thread splits or ends; the rest goes onto the stack. */
function writeChain(out: ResponseWriter, node: ThreadNode, stack: (ThreadNode | null)[]): void {
  out.text('(')
  let at = node
  let first = true
  for (;;) {
    if (at.number !== null) {
      out.text(first ? `${at.number}` : ` ${at.number}`)
      first = false
    }
    if (at.children.length !== 1) break
    at = at.children[0]
  }
  stack.push(null)
  if (at.children.length === 0) return
  if (!first) out.text(' ')
  for (let i = at.children.length - 1; i >= 0; i--) stack.push(at.children[i])
}
