import type { Socket } from 'node:net'

/** A promise until a stream wants more, or is gone. Where it never wanted less there is none: no event would tell. */
export function drained(stream: Socket): void | Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener('drain', done)
      stream.removeListener('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}
