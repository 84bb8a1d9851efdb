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

import { transferEncoding } from '../body/transfer.js'
import { indexOf, latin1 } from '../bytes.js'
import { readBoundary, readContentFields, readMediaType, readTransferEncoding } from './content-fields.js'
import { type Defect, type DefectCode, defect } from './defects.js'
import { countLineBreaks, type Entity } from './entity.js'
import { type HeaderWalk, judgeHeaderLine, MAX_SPECIAL_LINE, walkHeader } from './header-lines.js'
import { type MimeLimits, withDefaultLimits } from './limits.js'

/** What a scanner tells while it reads; the octets are views of a chunk and valid only during the call. */
export interface ScannerHooks {
  /** The header block of an entity is complete; at most `limits.headerSize` octets of it, the empty line included. */
  header?(entity: Entity, bytes: Uint8Array, start: number, end: number): void
  /** Octets behind the header of a leaf; the last of them may turn out to be the line break of a boundary. */
  body?(entity: Entity, bytes: Uint8Array, start: number, end: number): void
}

export interface ScannerOptions {
  readonly limits?: Partial<MimeLimits>
  /** Count the line breaks of text and message bodies while reading; without it `lineBreaks` stays -1. */
  readonly countLines?: boolean
  readonly hooks?: ScannerHooks
}

/** What a finished scan gives. */
export interface MessageIndex {
  /** The message; its ranges cover the input. */
  readonly root: Entity
  readonly defects: readonly Defect[]
}

const LF = 0x0a
const CR = 0x0d
const DASH = 0x2d
const NOTHING = new Uint8Array(0)
const LINE_WITH_DASHES = Uint8Array.of(LF, DASH, DASH)
/** RFC 2046 §5.1.1 allows 70; this is what large servers take. */
const MAX_BOUNDARY = 2048

function newEntity(parent: Entity | null, start: number, subtype: 'plain' | 'rfc822'): Entity {
  return {
    parent,
    depth: parent === null ? 1 : parent.depth + 1,
    headerStart: start,
    bodyStart: start,
    bodyEnd: start,
    preambleEnd: -1,
    epilogueStart: -1,
    type: subtype === 'plain' ? 'text' : 'message',
    subtype,
    boundary: null,
    children: [],
    lineBreaks: -1,
  }
}

/** Finds the structure of one message. Feed it with {@link write}, then ask {@link end}. */
export class MessageScanner {
  private readonly limits: MimeLimits
  private readonly hooks: ScannerHooks
  private readonly countLines: boolean
  private readonly root = newEntity(null, 0, 'plain')
  private readonly defects: Defect[] = []
  private readonly open: Entity[] = [this.root]
  private current = this.root
  private parts = 1
  /** Open multiparts whose closing boundary was not met. */
  private boundaries = 0
  /** The part limit was reached: nothing is a boundary any more. */
  private exhausted = false

  private inHeader = true
  /** The next line is the first of its header block. */
  private firstLine = true
  /** The position is at the start of a line, or inside one whose beginning is held in `line`. */
  private atLineStart = true
  /** Octets of the line break before that line. */
  private lineBreakSize = 0
  private lineStart = 0
  private readonly walk: HeaderWalk = { kind: 'more', at: 0, next: 0 }

  /** A line that the input was cut in: its first octets, and how long it is so far. */
  private line = NOTHING
  private lineLength = 0
  /** A header block that the input was cut in. */
  private kept = NOTHING
  private keptLength = 0
  private headerCut = false

  /** Offset of the chunk being read, and the last two octets before it. */
  private offset = 0
  private lastOctet = 0
  private ended = false
  /** Open entities that want their line breaks counted, and the line breaks seen while there was one. */
  private counting = 0
  private lineBreaks = 0

  constructor(options: ScannerOptions = {}) {
    this.limits = withDefaultLimits(options.limits)
    this.hooks = options.hooks ?? {}
    this.countLines = options.countLines ?? false
  }

  /** Reads the next octets of the message. They are not kept. */
  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at = this.inHeader ? this.readHeader(chunk, at) : this.readBody(chunk, at)
    if (chunk.length > 0) this.lastOctet = chunk[chunk.length - 1]!
    this.offset += chunk.length
  }

  /** The message has ended. Call it once. */
  end(): MessageIndex {
    const end = this.offset
    this.ended = true
    // The last line may lack its line break.
    if (this.lineLength > 0) this.readLastLine()
    while (this.inHeader) this.finishHeader(this.kept, 0, this.keptLength, end)
    this.closeDownTo(-1, end, 0)
    return { root: this.root, defects: this.defects }
  }

  private report(code: DefectCode, offset: number): void {
    if (this.defects.length < this.limits.defects) this.defects.push(defect(code, offset))
  }

  // --- header blocks -------------------------------------------------------------------------------------------

  private readHeader(chunk: Uint8Array, start: number): number {
    if (this.headerCut) return this.readCutHeader(chunk, start)
    const { walk } = this
    const boundaries = this.boundaries > 0 && !this.exhausted
    let first = this.firstLine
    walkHeader(walk, chunk, start, first, boundaries)
    while (walk.kind === 'dashes') {
      const found = this.matchBoundary(chunk, walk.at, walk.next - 1)
      if (found !== -1) return this.cutHeaderByBoundary(found, chunk, start, walk.at, walk.next)
      if (first && walk.at === start && judgeHeaderLine(chunk, start, walk.next - 1, true) === 'not-a-header') {
        walk.kind = 'not-a-header'
      } else walkHeader(walk, chunk, walk.next, (first = false), boundaries)
    }
    if (walk.kind === 'more') {
      this.firstLine = first && walk.at === start
      this.countIn(chunk, start, walk.at)
      this.keep(chunk, start, chunk.length)
      this.collect(chunk, walk.at, chunk.length)
      this.lineStart = this.offset + walk.at
      this.headerCut = true
      return chunk.length
    }
    if (walk.kind === 'not-a-header') {
      this.bodyWithoutHeader(this.offset + start)
      this.consumeBody(chunk, start, walk.next - 1)
      return walk.next - 1
    }
    const { next } = walk
    this.countIn(chunk, start, next)
    this.finishHeader(chunk, start, next, this.offset + next)
    return next
  }

  /** A header block that began in an earlier chunk: line by line. */
  private readCutHeader(chunk: Uint8Array, start: number): number {
    const lf = indexOf(chunk, LF, start)
    const stop = lf === -1 ? chunk.length : lf + 1
    if (this.lineLength === 0) this.lineStart = this.offset + start
    this.keep(chunk, start, stop)
    this.collect(chunk, start, lf === -1 ? stop : lf)
    if (lf === -1) return stop
    return this.finishCutLine(this.offset + stop) ? stop : lf
  }

  /** Judges the line held in `line`; false when it and its line break belong to the body. */
  private finishCutLine(next: number): boolean {
    const { line, lineLength, firstLine } = this
    this.lineLength = 0
    this.firstLine = false
    if (lineLength > 1 && line[0] === DASH && line[1] === DASH && this.boundaries > 0 && !this.exhausted) {
      const found = this.matchBoundary(line, 0, lineLength)
      if (found !== -1) {
        const size = this.lineStart - this.current.headerStart
        this.report('header-cut-by-boundary', this.lineStart)
        this.finishHeader(this.kept, 0, Math.min(this.keptLength, size), this.lineStart)
        this.passBoundary(found, this.lineStart, 0, next, lineBreakBefore(line, lineLength))
        return true
      }
    }
    const kind = judgeHeaderLine(line, 0, lineLength, firstLine)
    if (kind === 'not-a-header') {
      const { kept, keptLength } = this
      this.bodyWithoutHeader(this.current.headerStart)
      const withBreak = keptLength > 0 && kept[keptLength - 1] === LF
      this.consumeBody(kept, 0, withBreak ? keptLength - 1 : keptLength)
      return false
    }
    if (this.counting > 0 && !this.ended) this.lineBreaks++
    if (kind === 'empty') this.finishHeader(this.kept, 0, this.keptLength, next)
    return true
  }

  private cutHeaderByBoundary(found: number, chunk: Uint8Array, start: number, line: number, next: number): number {
    const { closing } = this
    this.countIn(chunk, start, line)
    this.report('header-cut-by-boundary', this.offset + line)
    this.finishHeader(chunk, start, line, this.offset + line)
    this.closing = closing
    this.passBoundary(found, this.offset + line, 0, this.offset + next, lineBreakBefore(chunk, next - 1))
    return next
  }

  private bodyWithoutHeader(start: number): void {
    this.report('missing-header', start)
    this.finishHeader(this.kept, 0, 0, start)
    this.atLineStart = false
  }

  /** The header block ends at `next`; `[start, end)` of `bytes` is what of it is at hand. */
  private finishHeader(bytes: Uint8Array, start: number, end: number, next: number): void {
    const entity = this.current
    entity.bodyStart = next
    this.inHeader = this.headerCut = false
    this.atLineStart = true
    this.lineBreakSize = this.lineLength = 0
    this.keptLength = 0
    if (end - start > this.limits.headerSize) end = start + this.limits.headerSize
    if (next - entity.headerStart > this.limits.headerSize) this.report('header-too-large', entity.headerStart)
    this.enter(entity, bytes, start, end)
    this.hooks.header?.(entity, bytes, start, end)
    if (this.countLines && (entity.type === 'text' || isMessageType(entity) || isUnopened(entity))) {
      this.counting++
      entity.lineBreaks = this.lineBreaks
    }
    if (this.opensMessage) {
      const message = newEntity(entity, next, 'plain')
      entity.children.push(message)
      this.push(message)
    }
  }

  // --- what a header block opens -------------------------------------------------------------------------------

  private opensMessage = false

  private enter(entity: Entity, bytes: Uint8Array, start: number, end: number): void {
    this.opensMessage = false
    const fields = readContentFields(bytes, start, end)
    if (fields.secondTypeAt !== -1)
      this.report('duplicate-content-type', entity.headerStart + fields.secondTypeAt - start)
    if (fields.secondEncodingAt !== -1) {
      this.report('duplicate-transfer-encoding', entity.headerStart + fields.secondEncodingAt - start)
    }
    if (fields.type !== null) {
      const media = readMediaType(fields.type)
      entity.type = media.type
      entity.subtype = media.subtype
      if (media.malformed) this.report('malformed-content-type', entity.headerStart + fields.typeAt - start)
    }
    if (entity.type === 'multipart') this.enterMultipart(entity, fields.type!, readTransferEncoding(fields.encoding))
    else if (isMessageType(entity)) this.enterMessage(entity, readTransferEncoding(fields.encoding))
  }

  private mayOpen(entity: Entity): boolean {
    if (entity.depth >= this.limits.depth) this.report('too-deep', entity.headerStart)
    else if (!this.exhausted) return true
    return false
  }

  private enterMultipart(entity: Entity, contentType: string, encoding: string): void {
    const boundary = readBoundary(contentType)
    if (boundary.duplicate) this.report('duplicate-boundary', entity.headerStart)
    if (boundary.hadBlanks) this.report('boundary-with-blanks', entity.headerStart)
    if (isEncoded(encoding)) this.report('encoded-multipart', entity.headerStart)
    if (boundary.text === '' || boundary.text.length > MAX_BOUNDARY) {
      this.report('missing-boundary', entity.headerStart)
      return
    }
    if (!this.mayOpen(entity)) return
    if (this.open.some((one) => one.boundary === boundary.text && one.epilogueStart === -1)) {
      this.report('repeated-boundary', entity.headerStart)
    }
    entity.boundary = boundary.text
    this.boundaries++
  }

  private enterMessage(entity: Entity, encoding: string): void {
    if (isEncoded(encoding)) this.report('encoded-message', entity.headerStart)
    else if (this.mayOpen(entity)) this.opensMessage = this.takePart(entity.headerStart)
  }

  /** Counts one more entity; false when there may be none. */
  private takePart(at: number): boolean {
    this.parts++
    if (this.parts >= this.limits.parts && !this.exhausted) {
      this.exhausted = true
      this.report('too-many-parts', at)
    }
    return this.parts <= this.limits.parts
  }

  private push(entity: Entity): void {
    this.open.push(entity)
    this.current = entity
    this.inHeader = this.firstLine = true
  }

  // --- bodies --------------------------------------------------------------------------------------------------

  private readBody(chunk: Uint8Array, start: number): number {
    if (this.boundaries === 0 || this.exhausted) {
      this.consumeBody(chunk, start, chunk.length)
      return chunk.length
    }
    if (this.atLineStart) {
      const next = this.lineLength === 0 ? this.readLine(chunk, start) : this.readCutLine(chunk, start)
      if (next !== start) return next
    }
    const hit = indexOf(chunk, LINE_WITH_DASHES, start)
    if (hit !== -1) return this.stopAtLine(chunk, start, hit)
    const last = chunk.length - 1
    if (chunk[last] === LF) return this.stopAtLine(chunk, start, last)
    if (last > start && chunk[last] === DASH && chunk[last - 1] === LF) return this.stopAtLine(chunk, start, last - 1)
    this.consumeBody(chunk, start, chunk.length)
    return chunk.length
  }

  /** Goes to the start of the line behind the LF at `lf`. */
  private stopAtLine(chunk: Uint8Array, start: number, lf: number): number {
    this.consumeBody(chunk, start, lf + 1)
    this.lineBreakSize = (lf > 0 ? chunk[lf - 1] : this.lastOctet) === CR ? 2 : 1
    this.atLineStart = true
    return lf + 1
  }

  /** At the start of a line. Returns `start` when it is an ordinary one. */
  private readLine(chunk: Uint8Array, start: number): number {
    const second = start + 1 < chunk.length ? chunk[start + 1] : DASH
    if (chunk[start] !== DASH || second !== DASH) {
      this.atLineStart = false
      return start
    }
    this.lineStart = this.offset + start
    const lf = indexOf(chunk, LF, start)
    if (lf !== -1) return this.finishLine(chunk, start, lf, this.offset + lf + 1) ? lf + 1 : lf
    if (chunk.length - start > MAX_SPECIAL_LINE) {
      this.atLineStart = false
      return start
    }
    this.collect(chunk, start, chunk.length)
    return chunk.length
  }

  /** Inside a line that may be a boundary and began in an earlier chunk. */
  private readCutLine(chunk: Uint8Array, start: number): number {
    const lf = indexOf(chunk, LF, start)
    const stop = lf === -1 ? chunk.length : lf
    if (this.lineLength + stop - start > MAX_SPECIAL_LINE) {
      this.consumeBody(this.line, 0, this.lineLength)
      this.lineLength = 0
      this.atLineStart = false
      return start
    }
    this.collect(chunk, start, stop)
    if (lf === -1) return stop
    const { lineLength } = this
    this.lineLength = 0
    return this.finishLine(this.line, 0, lineLength, this.offset + lf + 1) ? lf + 1 : lf
  }

  /** The line is complete; false when it is no boundary. */
  private finishLine(bytes: Uint8Array, start: number, end: number, next: number): boolean {
    const found = this.matchBoundary(bytes, start, end)
    if (found === -1) {
      this.atLineStart = false
      this.consumeBody(bytes, start, end)
      return false
    }
    this.passBoundary(found, this.lineStart, this.lineBreakSize, next, lineBreakBefore(bytes, end))
    return true
  }

  private readLastLine(): void {
    const { line, lineLength } = this
    if (this.inHeader) {
      this.finishCutLine(this.offset)
      return
    }
    this.lineLength = 0
    this.finishLine(line, 0, lineLength, this.offset)
  }

  private consumeBody(bytes: Uint8Array, start: number, end: number): void {
    this.countIn(bytes, start, end)
    const { current } = this
    if (this.hooks.body && start < end && current.boundary === null) this.hooks.body(current, bytes, start, end)
  }

  // --- boundaries ----------------------------------------------------------------------------------------------

  /** The boundary matched last closes its multipart. */
  private closing = false

  /**
   * Index in `open` of the multipart whose boundary the line is, innermost first; -1 if it is none. The whole line
   * must match, blanks behind it aside: mail readers agree on that, though RFC 2046 §5.1.1 allows less.
   */
  private matchBoundary(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > MAX_SPECIAL_LINE) return -1
    while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09 || bytes[end - 1] === CR)) end--
    const size = end - start - 2
    let text: string | undefined
    for (let i = this.open.length - 1; i >= 0; i--) {
      const entity = this.open[i]!
      const { boundary } = entity
      if (boundary === null || entity.epilogueStart !== -1) continue
      if (boundary.length !== size && boundary.length !== size - 2) continue
      text ??= latin1(bytes, start + 2, end)
      this.closing = boundary.length === size - 2
      if (this.closing ? text.endsWith('--') && text.startsWith(boundary) : text === boundary) return i
    }
    return -1
  }

  /** A boundary line from `lineStart` to `next`, with the line break of `breakBefore` octets before it. */
  private passBoundary(index: number, lineStart: number, breakBefore: number, next: number, breakSize: number): void {
    const multipart = this.open[index]!
    const end = lineStart - breakBefore
    this.closeDownTo(index, end, lineStart)
    if (multipart.preambleEnd === -1) multipart.preambleEnd = Math.max(multipart.bodyStart, end)
    if (this.counting > 0 && !this.ended) this.lineBreaks++
    this.lineLength = 0
    if (this.closing) {
      multipart.epilogueStart = next
      this.boundaries--
      this.inHeader = false
      this.atLineStart = true
      this.lineBreakSize = breakSize
      return
    }
    const part = newEntity(multipart, next, multipart.subtype === 'digest' ? 'rfc822' : 'plain')
    multipart.children.push(part)
    this.push(part)
    this.takePart(next)
  }

  /** Ends what is open above `index`: bodies end at `end`, the line break before `lineStart` is not theirs. */
  private closeDownTo(index: number, end: number, lineStart: number): void {
    const { open } = this
    while (open.length - 1 > index) {
      const entity = open.pop()!
      end = Math.max(end, entity.bodyStart)
      entity.bodyEnd = end
      if (entity.lineBreaks >= 0) {
        entity.lineBreaks = this.lineBreaks - entity.lineBreaks - (end < lineStart ? 1 : 0)
        this.counting--
      }
      if (entity.boundary === null) continue
      if (entity.epilogueStart === -1) {
        this.boundaries--
        this.report(entity.preambleEnd === -1 ? 'no-parts' : 'missing-close-delimiter', end)
      }
      if (entity.preambleEnd === -1) entity.preambleEnd = end
      if (entity.epilogueStart === -1 || entity.epilogueStart > end) entity.epilogueStart = end
    }
    if (index >= 0) this.current = open[index]!
  }

  // --- memory --------------------------------------------------------------------------------------------------

  private countIn(bytes: Uint8Array, start: number, end: number): void {
    if (this.counting > 0) this.lineBreaks += countLineBreaks(bytes, start, end)
  }

  /** Adds to the cut header block, within its limit. */
  private keep(bytes: Uint8Array, start: number, end: number): void {
    const size = Math.min(end - start, this.limits.headerSize - this.keptLength)
    if (size <= 0) return
    const needed = this.keptLength + size
    if (needed > this.kept.length) {
      const grown = new Uint8Array(Math.max(needed, this.kept.length * 2, 4096))
      grown.set(this.kept.subarray(0, this.keptLength))
      this.kept = grown
    }
    this.kept.set(bytes.subarray(start, start + size), this.keptLength)
    this.keptLength = needed
  }

  /** Adds to the cut line; one octet more than a special line may have tells that it is none. */
  private collect(bytes: Uint8Array, start: number, end: number): void {
    if (this.line.length === 0) this.line = new Uint8Array(MAX_SPECIAL_LINE + 1)
    const size = Math.min(end - start, this.line.length - this.lineLength)
    if (size <= 0) return
    this.line.set(bytes.subarray(start, start + size), this.lineLength)
    this.lineLength += size
  }
}

/** Octets of the line break whose LF is at `lf`, as far as they are at hand. */
function lineBreakBefore(bytes: Uint8Array, lf: number): number {
  return lf > 0 && bytes[lf - 1] === CR ? 2 : 1
}

function isMessageType(entity: Entity): boolean {
  return entity.type === 'message' && (entity.subtype === 'rfc822' || entity.subtype === 'global')
}

function isUnopened(entity: Entity): boolean {
  return entity.type === 'multipart' && entity.boundary === null
}

function isEncoded(encoding: string): boolean {
  const kind = transferEncoding(encoding)
  return kind !== 'identity' && kind !== 'unknown'
}

/** The structure of a whole message. */
export function indexMessage(bytes: Uint8Array, limits?: Partial<MimeLimits>): MessageIndex {
  const scanner = new MessageScanner(limits ? { limits } : {})
  scanner.write(bytes)
  return scanner.end()
}
