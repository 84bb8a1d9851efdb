/** THREAD responses (RFC 5256 §4), made without recursion: a thread may be as deep as there are messages. */
import type { ResponseWriter } from '../../syntax/writer.js'
import type { ThreadNode } from '../extension.js'

/** Signs between two looks at whether the client reads. */
const BATCH = 4_000

const OPEN = -1
const CLOSE = -2

/** Threads as they are told: numbers of messages and parentheses. Much smaller than nodes, for keeping. */
export function threadSigns(threads: readonly ThreadNode[]): Float64Array {
  const signs: number[] = []
  /** What is still to come, the last one first; `null` is a closing parenthesis. */
  const stack: (ThreadNode | null)[] = []
  for (let i = threads.length - 1; i >= 0; i--) stack.push(threads[i])
  while (stack.length > 0) {
    const next = stack.pop()
    if (next) addChain(signs, next, stack)
    else signs.push(CLOSE)
  }
  return Float64Array.from(signs)
}

/** A node and its only children down to where the thread splits or ends; the rest goes onto the stack. */
function addChain(signs: number[], node: ThreadNode, stack: (ThreadNode | null)[]): void {
  signs.push(OPEN)
  let at = node
  for (;;) {
    if (at.number !== null) signs.push(at.number)
    if (at.children.length !== 1) break
    at = at.children[0]
  }
  stack.push(null)
  for (let i = at.children.length - 1; i >= 0; i--) stack.push(at.children[i])
}

/**
 * Writes `* THREAD (2)(3 6 (4 23)(44 7 96))`. `told`: how a number is told. `flush` is called between signs, where it may
 * take its time.
 */
export async function writeThreads(
  out: ResponseWriter,
  signs: Float64Array,
  told: (number: number) => number,
  flush: () => void | Promise<void>,
): Promise<void> {
  out.text(signs.length > 0 ? '* THREAD ' : '* THREAD')
  let afterNumber = false
  for (let i = 0; i < signs.length; i++) {
    const sign = signs[i]
    if (afterNumber && sign !== CLOSE) out.text(' ')
    afterNumber = sign >= 0
    if (afterNumber) out.number(told(sign))
    else out.text(sign === OPEN ? '(' : ')')
    const slow = i % BATCH === BATCH - 1 ? flush() : undefined
    if (slow) await slow
  }
  out.crlf()
}
