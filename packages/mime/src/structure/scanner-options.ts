/** What goes into a scan and what comes out. */

import type { Defect } from './defects.js'
import type { Entity } from './entity.js'
import type { MimeLimits } from './limits.js'

/** What a scanner tells while it reads; the octets are views of a chunk and valid only during the call. */
export interface ScannerHooks {
  /** The header block of an entity is complete; at most `limits.headerSize` octets of it, the empty line included. */
  header?(entity: Entity, bytes: Uint8Array, start: number, end: number): void
  /** Octets behind the header of a leaf; the last of them may turn out to be the line break of a boundary. */
  body?(entity: Entity, bytes: Uint8Array, start: number, end: number): void
}

/** How a message is indexed. */
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
