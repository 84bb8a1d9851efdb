/**
 * The machine that finds the structure of a message, fed with chunks of any size.
 *
 * It is always in one of two places: in a header block, whose lines it walks until the empty one, or in a body, where
 * only lines that begin with `--` matter (found by one native search for `\n--`). `open` is the path from the message
 * to the entity being read; a boundary line of any open multipart ends what is open inside it.
 *
 * Nothing is kept but offsets, the header block being read (within its limit) and a line that may be special and is not
 * complete yet (within MAX_SPECIAL_LINE). All decisions are about complete lines, so the cutting of the input cannot
 * matter. A chunk that holds whole header blocks is read in place.
 */

import { indexOf } from '../bytes.js'
import { type BoundaryLine, isOpeningLine, matchBoundary } from './boundaries.js'
import { CutInput } from './cut-input.js'
import { type Defect, type DefectCode, defect } from './defects.js'
import { countLineBreaks, type Entity, newEntity } from './entity.js'
import {
  type HeaderWalk,
  judgeHeaderLine,
  lineBreakBefore,
  MAX_DASH_LINES,
  MAX_SPECIAL_LINE,
  walkHeader,
} from './header-lines.js'
import { type MimeLimits, withDefaultLimits } from './limits.js'
import { boundarySoFar, isMessageType, isUnopened, readOpening } from './opening.js'
import type { MessageIndex, ScannerHooks, ScannerOptions } from './scanner-options.js'

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d
const NOTHING = new Uint8Array(0)
const LINE_WITH_DASHES = Uint8Array.of(LF, DASH, DASH)

/** A line inside a header block that begins with dashes: `[start, end)` of `bytes`, and where it lies in the message. */
interface DashLine {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly offset: number
}

/** Finds the structure of one message. Feed it with {@link write}, then ask {@link end}. */
export class MessageScanner {
  readonly #limits: MimeLimits
  readonly #hooks: ScannerHooks
  readonly #countLines: boolean
  readonly #root = newEntity(null, 0, 'plain')
  readonly #defects: Defect[] = []
  readonly #open: Entity[] = [this.#root]
  #current = this.#root
  #parts = 1
  /** Open multiparts whose closing boundary was not met. */
  #boundaries = 0
  /** The part limit was reached: nothing is a boundary any more. */
  #exhausted = false

  #inHeader = true
  /** The next line is the first of its header block. */
  #firstLine = true
  /** The position is at the start of a line, or inside one whose beginning is held in `line`. */
  #atLineStart = true
  /** Octets of the line break before that line. */
  #lineBreakSize = 0
  #lineStart = 0
  /** Lines that begin with dashes in the header block being read. */
  #dashLines = 0
  readonly #walk: HeaderWalk = { kind: 'more', at: 0, next: 0 }

  readonly #cut: CutInput
  /** The header block being read began in an earlier chunk. */
  #headerCut = false

  /** Offset of the chunk being read, and the octet before it. */
  #offset = 0
  #lastOctet = 0
  #ended = false
  /** Open entities that want their line breaks counted, and the line breaks seen while there was one. */
  #counting = 0
  #lineBreaks = 0

  constructor(options: ScannerOptions = {}) {
    this.#limits = withDefaultLimits(options.limits)
    this.#cut = new CutInput(this.#limits.headerSize)
    this.#hooks = options.hooks ?? {}
    this.#countLines = options.countLines ?? false
  }

  /** Reads the next octets of the message. They are not kept. */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at = this.#inHeader ? this.#readHeader(chunk, at) : this.#readBody(chunk, at)
    if (chunk.length > 0) this.#lastOctet = chunk[chunk.length - 1]!
    this.#offset += chunk.length
  }

  /** The message has ended. Call it once. */
  end(): MessageIndex {
    const end = this.#offset
    this.#ended = true
    // The last line may lack its line break.
    if (this.#cut.lineLength > 0) this.#readLastLine()
    if (this.#inHeader) this.#endHeader(this.#cut.kept, 0, this.#cut.keptLength, end)
    this.#closeDownTo(-1, end, 0)
    return { root: this.#root, defects: this.#defects }
  }

  readonly #report = (code: DefectCode, offset: number): void => {
    if (this.#defects.length < this.#limits.defects) this.#defects.push(defect(code, offset))
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    if (this.#headerCut) return this.#readCutHeader(chunk, start)
    const walk = this.#walk
    let first = this.#firstLine
    walkHeader(walk, chunk, start, first)
    while (walk.kind === 'dashes') {
      const { at, next } = walk
      const line = { bytes: chunk, start: at, end: next - 1, offset: this.#offset + at }
      const isFirst = first && at === start
      const ended = this.#endAtDashes(chunk, start, at, line, isFirst, this.#offset + next)
      if (ended !== null) return ended ? next : at
      if (isFirst && judgeHeaderLine(chunk, start, next - 1, true) === 'not-a-header') walk.kind = 'not-a-header'
      else walkHeader(walk, chunk, next, (first = false))
    }
    if (walk.kind === 'more') {
      this.#firstLine = first && walk.at === start
      this.#countIn(chunk, start, walk.at)
      this.#cut.keep(chunk, start, chunk.length)
      this.#cut.collect(chunk, walk.at, chunk.length)
      this.#lineStart = this.#offset + walk.at
      this.#headerCut = true
      return chunk.length
    }
    if (walk.kind === 'not-a-header') {
      this.#bodyWithoutHeader(this.#offset + start)
      this.#consumeBody(chunk, start, walk.next - 1)
      return walk.next - 1
    }
    const { next } = walk
    this.#countIn(chunk, start, next)
    this.#finishHeader(chunk, start, next, this.#offset + next)
    return next
  }

  /** A header block that began in an earlier chunk: line by line. */
  #readCutHeader(chunk: Uint8Array, start: number): number {
    const lf = indexOf(chunk, LF, start)
    const stop = lf === -1 ? chunk.length : lf + 1
    if (this.#cut.lineLength === 0) this.#lineStart = this.#offset + start
    this.#cut.keep(chunk, start, stop)
    this.#cut.collect(chunk, start, lf === -1 ? stop : lf)
    if (lf === -1) return stop
    return this.#finishCutLine(this.#offset + stop) ? stop : lf
  }

  /** Judges the line held in `line`; false when it and its line break belong to the body. */
  #finishCutLine(next: number): boolean {
    const firstLine = this.#firstLine
    const { line, lineLength } = this.#cut
    this.#cut.lineLength = 0
    this.#firstLine = false
    if (lineLength > 1 && line[0] === DASH && line[1] === DASH) {
      const { kept, keptLength } = this.#cut
      const size = Math.min(keptLength, this.#lineStart - this.#current.headerStart)
      const held = { bytes: line, start: 0, end: lineLength, offset: this.#lineStart }
      const ended = this.#endAtDashes(kept, 0, size, held, firstLine, next)
      if (ended === false) {
        this.#atLineStart = false
        this.#consumeBody(line, 0, lineLength)
      }
      if (ended !== null) return ended
    }
    const kind = judgeHeaderLine(line, 0, lineLength, firstLine)
    if (kind === 'not-a-header') {
      const { kept, keptLength } = this.#cut
      this.#bodyWithoutHeader(this.#current.headerStart)
      const withBreak = keptLength > 0 && kept[keptLength - 1] === LF
      this.#consumeBody(kept, 0, withBreak ? keptLength - 1 : keptLength)
      return false
    }
    if (this.#counting > 0 && !this.#ended) this.#lineBreaks++
    if (kind === 'empty') this.#finishHeader(this.#cut.kept, 0, this.#cut.keptLength, next)
    return true
  }

  /**
   * Ends the header block `[start, end)` of `bytes` when the line behind it, which begins with dashes, is a boundary: true
   * when it was one, false when it belongs to the body, null when the header goes on.
   */
  #endAtDashes(
    bytes: Uint8Array,
    start: number,
    end: number,
    line: DashLine,
    isFirst: boolean,
    next: number,
  ): boolean | null {
    const match = () => matchBoundary(this.#open, line.bytes, line.start, line.end)
    let found = this.#boundaries > 0 && !this.#exhausted ? match() : null
    if (!found && (isFirst || !this.#beginsOwnBody(bytes, start, end, line))) return null
    if (!this.#headerCut) this.#countIn(bytes, start, end)
    this.#report(found ? 'header-cut-by-boundary' : 'missing-empty-line', line.offset)
    if (found) {
      this.#endHeader(bytes, start, end, line.offset)
    } else {
      this.#finishHeader(bytes, start, end, line.offset)
      found = match()
      if (!found) return false
    }
    this.#passBoundary(found, line.offset, 0, next, lineBreakBefore(line.bytes, line.end))
    return true
  }

  /** Senders forget the empty line between a header and the first boundary that it names, or put a blank in it. */
  #beginsOwnBody(bytes: Uint8Array, start: number, end: number, line: DashLine): boolean {
    if (++this.#dashLines > MAX_DASH_LINES) return false
    const boundary = boundarySoFar(bytes, start, Math.min(end, start + this.#limits.headerSize))
    return boundary !== '' && isOpeningLine(boundary, line.bytes, line.start, line.end)
  }

  #bodyWithoutHeader(start: number): void {
    this.#report('missing-header', start)
    this.#finishHeader(this.#cut.kept, 0, 0, start)
    this.#atLineStart = false
  }

  /** The header block ends at `next`, and so does what it opens: a message that begins there is empty. */
  #endHeader(bytes: Uint8Array, start: number, end: number, next: number): void {
    this.#finishHeader(bytes, start, end, next)
    while (this.#inHeader) this.#finishHeader(NOTHING, 0, 0, next)
  }

  /** The header block ends at `next`; `[start, end)` of `bytes` is what of it is at hand. */
  #finishHeader(bytes: Uint8Array, start: number, end: number, next: number): void {
    const entity = this.#current
    entity.bodyStart = next
    this.#inHeader = this.#headerCut = false
    this.#dashLines = 0
    this.#atLineStart = true
    this.#lineBreakSize = 0
    this.#cut.forget()
    if (end - start > this.#limits.headerSize) end = start + this.#limits.headerSize
    if (next - entity.headerStart > this.#limits.headerSize) this.#report('header-too-large', entity.headerStart)
    const opensMessage = this.#enter(entity, bytes, start, end)
    this.#hooks.header?.(entity, bytes, start, end)
    if (this.#countLines && (entity.type === 'text' || isMessageType(entity) || isUnopened(entity))) {
      this.#counting++
      entity.lineBreaks = this.#lineBreaks
    }
    if (opensMessage) {
      const message = newEntity(entity, next, 'plain')
      entity.children.push(message)
      this.#push(message)
    }
  }

  /** Reads type and boundary; true when a message begins behind the header block. */
  #enter(entity: Entity, bytes: Uint8Array, start: number, end: number): boolean {
    const opens = readOpening(entity, bytes, start, end, this.#report)
    if (opens === null) return false
    if (entity.depth >= this.#limits.depth) {
      this.#report('too-deep', entity.headerStart)
      return false
    }
    if (opens === '') return this.#takePart(entity.headerStart)
    if (this.#exhausted) return false
    if (this.#open.some((one) => one.boundary === opens && one.epilogueStart === -1)) {
      this.#report('repeated-boundary', entity.headerStart)
    }
    entity.boundary = opens
    this.#boundaries++
    return false
  }

  /** Counts one more entity; false when there may be none. */
  #takePart(at: number): boolean {
    this.#parts++
    if (this.#parts >= this.#limits.parts && !this.#exhausted) {
      this.#exhausted = true
      this.#report('too-many-parts', at)
    }
    return this.#parts <= this.#limits.parts
  }

  #push(entity: Entity): void {
    this.#open.push(entity)
    this.#current = entity
    this.#inHeader = this.#firstLine = true
  }

  #readBody(chunk: Uint8Array, start: number): number {
    if (this.#boundaries === 0 || this.#exhausted) {
      this.#consumeBody(chunk, start, chunk.length)
      return chunk.length
    }
    if (this.#atLineStart) {
      const next = this.#cut.lineLength === 0 ? this.#readLine(chunk, start) : this.#readCutLine(chunk, start)
      if (next !== start) return next
    }
    const hit = indexOf(chunk, LINE_WITH_DASHES, start)
    if (hit !== -1) return this.#stopAtLine(chunk, start, hit)
    const last = chunk.length - 1
    if (chunk[last] === LF) return this.#stopAtLine(chunk, start, last)
    if (last > start && chunk[last] === DASH && chunk[last - 1] === LF) return this.#stopAtLine(chunk, start, last - 1)
    this.#consumeBody(chunk, start, chunk.length)
    return chunk.length
  }

  /** Goes to the start of the line behind the LF at `lf`. */
  #stopAtLine(chunk: Uint8Array, start: number, lf: number): number {
    this.#consumeBody(chunk, start, lf + 1)
    this.#lineBreakSize = (lf > 0 ? chunk[lf - 1] : this.#lastOctet) === CR ? 2 : 1
    this.#atLineStart = true
    return lf + 1
  }

  /** At the start of a line. Returns `start` when it is an ordinary one. */
  #readLine(chunk: Uint8Array, start: number): number {
    const second = start + 1 < chunk.length ? chunk[start + 1] : DASH
    if (chunk[start] !== DASH || second !== DASH) {
      this.#atLineStart = false
      return start
    }
    this.#lineStart = this.#offset + start
    const lf = indexOf(chunk, LF, start)
    if (lf !== -1) return this.#finishLine(chunk, start, lf, this.#offset + lf + 1) ? lf + 1 : lf
    if (chunk.length - start > MAX_SPECIAL_LINE) {
      this.#atLineStart = false
      return start
    }
    this.#cut.collect(chunk, start, chunk.length)
    return chunk.length
  }

  /** Inside a line that may be a boundary and began in an earlier chunk. */
  #readCutLine(chunk: Uint8Array, start: number): number {
    const lf = indexOf(chunk, LF, start)
    const stop = lf === -1 ? chunk.length : lf
    if (this.#cut.lineLength + stop - start > MAX_SPECIAL_LINE) {
      this.#consumeBody(this.#cut.line, 0, this.#cut.lineLength)
      this.#cut.lineLength = 0
      this.#atLineStart = false
      return start
    }
    this.#cut.collect(chunk, start, stop)
    if (lf === -1) return stop
    const { lineLength } = this.#cut
    this.#cut.lineLength = 0
    return this.#finishLine(this.#cut.line, 0, lineLength, this.#offset + lf + 1) ? lf + 1 : lf
  }

  /** The line is complete; false when it is no boundary. */
  #finishLine(bytes: Uint8Array, start: number, end: number, next: number): boolean {
    const found = matchBoundary(this.#open, bytes, start, end)
    if (!found) {
      this.#atLineStart = false
      this.#consumeBody(bytes, start, end)
      return false
    }
    this.#passBoundary(found, this.#lineStart, this.#lineBreakSize, next, lineBreakBefore(bytes, end))
    return true
  }

  #readLastLine(): void {
    const { line, lineLength } = this.#cut
    if (this.#inHeader) {
      this.#finishCutLine(this.#offset)
      return
    }
    this.#cut.lineLength = 0
    this.#finishLine(line, 0, lineLength, this.#offset)
  }

  #consumeBody(bytes: Uint8Array, start: number, end: number): void {
    this.#countIn(bytes, start, end)
    const current = this.#current
    if (this.#hooks.body && start < end && current.boundary === null) this.#hooks.body(current, bytes, start, end)
  }

  /** A boundary line from `lineStart` to `next`, with the line break of `breakBefore` octets before it. */
  #passBoundary(found: BoundaryLine, lineStart: number, breakBefore: number, next: number, breakSize: number): void {
    const { index, closing } = found
    const multipart = this.#open[index]!
    const end = lineStart - breakBefore
    this.#closeDownTo(index, end, lineStart)
    if (multipart.preambleEnd === -1) multipart.preambleEnd = Math.max(multipart.bodyStart, end)
    if (this.#counting > 0 && !this.#ended) this.#lineBreaks++
    this.#cut.lineLength = 0
    if (closing) {
      multipart.epilogueStart = next
      this.#boundaries--
      this.#inHeader = false
      this.#atLineStart = true
      this.#lineBreakSize = breakSize
      return
    }
    const part = newEntity(multipart, next, multipart.subtype === 'digest' ? 'rfc822' : 'plain')
    multipart.children.push(part)
    this.#push(part)
    this.#takePart(next)
  }

  /** Ends what is open above `index`: bodies end at `end`, the line break before `lineStart` is not theirs. */
  #closeDownTo(index: number, end: number, lineStart: number): void {
    const open = this.#open
    while (open.length - 1 > index) {
      const entity = open.pop()!
      end = Math.max(end, entity.bodyStart)
      entity.bodyEnd = end
      if (entity.lineBreaks >= 0) {
        entity.lineBreaks = this.#lineBreaks - entity.lineBreaks - (end < lineStart ? 1 : 0)
        this.#counting--
      }
      if (entity.boundary === null) continue
      if (entity.epilogueStart === -1) {
        this.#boundaries--
        this.#report(entity.preambleEnd === -1 ? 'no-parts' : 'missing-close-delimiter', end)
      }
      if (entity.preambleEnd === -1) entity.preambleEnd = end
      if (entity.epilogueStart === -1 || entity.epilogueStart > end) entity.epilogueStart = end
    }
    if (index >= 0) this.#current = open[index]!
  }

  #countIn(bytes: Uint8Array, start: number, end: number): void {
    if (this.#counting > 0) this.#lineBreaks += countLineBreaks(bytes, start, end)
  }
}
