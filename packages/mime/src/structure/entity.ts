/**
 * The index of a message: where every entity lies in the octets as given. Nothing in it is decoded, and it holds no
 * octets, only offsets.
 *
 * For every entity `headerStart <= bodyStart <= bodyEnd`. A header block ends behind its empty line. The line break
 * before a boundary line belongs to the boundary (RFC 2046 §5.1.1), so `bodyEnd` lies before it.
 */

import { indexOf } from '../bytes.js'

/** The message or a part of it, as offsets into its octets. */
export interface Entity {
  readonly parent: Entity | null
  /** 1 for the message, one more for each multipart or message around. */
  readonly depth: number
  readonly headerStart: number
  /** Behind the empty line; equal to `bodyEnd` when there is no body. */
  bodyStart: number
  bodyEnd: number
  /** Of a multipart: where the first boundary begins, with the line break before it; `bodyEnd` if it never occurs. */
  preambleEnd: number
  /** Of a multipart: behind the closing boundary line; `bodyEnd` if it never occurs. */
  epilogueStart: number
  /** Media type in lower case, with the defaults of RFC 2045 §5.2 and RFC 2046 §5.1.5. */
  type: string
  subtype: string
  /** Octets as latin1, without what follows them on the line; null unless this is a multipart that was opened. */
  boundary: string | null
  /** Parts of a multipart; the one message inside a message/rfc822. */
  readonly children: Entity[]
  /** LF octets in the body, or -1 where the scanner was not asked to count ({@link countLines} does it later). */
  lineBreaks: number
}

/** An entity that begins at `start`, of the type that counts until its header says another. */
export function newEntity(parent: Entity | null, start: number, subtype: 'plain' | 'rfc822'): Entity {
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

/** A multipart whose parts were read. */
export function isMultipart(entity: Entity): boolean {
  return entity.boundary !== null
}

/** A message/rfc822 or message/global whose message was read. */
export function isMessage(entity: Entity): boolean {
  return entity.boundary === null && entity.children.length > 0
}

const LF = 0x0a

/** Number of LF octets in the range. */
export function countLineBreaks(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = indexOf(bytes, LF, start); at !== -1 && at < end; at = indexOf(bytes, LF, at + 1)) count++
  return count
}

/** LF octets in the body of an entity of the message `bytes`. */
export function countLines(bytes: Uint8Array, entity: Entity): number {
  if (entity.lineBreaks < 0) entity.lineBreaks = countLineBreaks(bytes, entity.bodyStart, entity.bodyEnd)
  return entity.lineBreaks
}

/** One piece of a message; all of them in order are the message. */
export interface Range {
  readonly kind: 'header' | 'body' | 'preamble' | 'boundary' | 'epilogue'
  readonly entity: Entity
  readonly start: number
  readonly end: number
}

/** All pieces of the message in order, without gaps; empty pieces are left out. */
export function* ranges(entity: Entity): Generator<Range, void, undefined> {
  // An explicit stack: the depth of the index is the sender's choice.
  const tasks: (Range | Entity)[] = [entity]
  for (let task = tasks.pop(); task; task = tasks.pop()) {
    if ('kind' in task) {
      if (task.start < task.end) yield task
    } else {
      for (const piece of piecesOf(task).reverse()) tasks.push(piece)
    }
  }
}

function piecesOf(entity: Entity): (Range | Entity)[] {
  const { headerStart, bodyStart, bodyEnd, children } = entity
  const header: Range = { kind: 'header', entity, start: headerStart, end: bodyStart }
  if (entity.boundary === null) {
    return [header, children[0] ?? { kind: 'body', entity, start: bodyStart, end: bodyEnd }]
  }
  const pieces: (Range | Entity)[] = [header, { kind: 'preamble', entity, start: bodyStart, end: entity.preambleEnd }]
  let at = entity.preambleEnd
  for (const child of children) {
    pieces.push({ kind: 'boundary', entity, start: at, end: child.headerStart }, child)
    at = child.bodyEnd
  }
  pieces.push({ kind: 'boundary', entity, start: at, end: entity.epilogueStart })
  pieces.push({ kind: 'epilogue', entity, start: entity.epilogueStart, end: bodyEnd })
  return pieces
}
