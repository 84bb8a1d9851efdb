import { type ByteWindow, indexOfByte, latin1 } from '@posthouse/wire'

const LF = 10
const CR = 13

/** A line that begins with BDAT: octets of a message come behind it, and nobody knows how many when it cannot be read. */
export function saysBdat(line: Uint8Array): boolean {
  return latin1(line.subarray(0, 4)).toUpperCase() === 'BDAT'
}

/** A line that is longer than any command may be: its octets are thrown away up to its CRLF. */
export class SkippedLine {
  /** Octets that are gone. */
  length = 0
  readonly bdat: boolean
  #endedWithCr = false

  /** `window`: where the line begins. */
  constructor(window: ByteWindow) {
    this.bdat = saysBdat(window.view())
  }

  /** Throws away what has come of the line; true when its end was there. */
  skip(window: ByteWindow): boolean {
    const view = window.view()
    let end = -1
    do end = indexOfByte(view, LF, end + 1)
    while (end !== -1 && (end === 0 ? !this.#endedWithCr : view[end - 1] !== CR))
    const length = end === -1 ? view.length : end + 1
    if (length > 0) this.#endedWithCr = view[length - 1] === CR
    this.length += length
    window.skip(length)
    return end !== -1
  }
}
