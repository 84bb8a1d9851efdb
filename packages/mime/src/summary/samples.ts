/** The beginnings of a message's texts, of which its preview is made. */

import type { CharsetSource } from '../body/charset.js'
import { latin1 } from '../bytes.js'
import type { Entity } from '../structure/entity.js'
import type { PartFacts } from './body-structure.js'
import { previewOf } from './preview.js'

/** Octets of a text that are looked at: HTML begins with its style sheets. */
const PLAIN_LIMIT = 4096
const HTML_LIMIT = 32_768

interface Sample {
  readonly entity: Entity
  readonly facts: PartFacts
  /** Octets as latin1: short arrays, each with memory of its own, cost more than all that is done with them. */
  octets: string
}

/** Of a message, the first plain text and the first HTML that are no attachments. */
export class PreviewSamples {
  private plain: Sample | null = null
  private html: Sample | null = null
  private preview = ''

  constructor(private readonly charsets: CharsetSource | undefined) {}

  /** The body of an entity begins. */
  start(entity: Entity, facts: PartFacts): void {
    if (entity.type !== 'text' || facts.disposition === 'attachment') return
    if (entity.subtype === 'plain') this.startPlain(entity, facts)
    else if (entity.subtype === 'html') this.startHtml(entity, facts)
  }

  /** Octets `[start, end)` of the entity's body. */
  write(entity: Entity, bytes: Uint8Array, start: number, end: number): void {
    if (this.plain?.entity === entity) add(this.plain, bytes, start, end)
    else if (this.html?.entity === entity) add(this.html, bytes, start, end)
  }

  /** The message has ended: its preview, empty when nothing has words. */
  end(): string {
    return this.preview || this.wordsOf(this.plain) || this.wordsOf(this.html)
  }

  private startPlain(entity: Entity, facts: PartFacts): void {
    this.plain ??= { entity, facts, octets: '' }
  }

  private startHtml(entity: Entity, facts: PartFacts): void {
    // A text that is complete by now and has words is the preview: nobody will ask for the HTML beside it.
    this.preview ||= this.wordsOf(this.plain)
    if (this.plain !== null) this.plain.octets = ''
    if (this.preview === '') this.html ??= { entity, facts, octets: '' }
  }

  private wordsOf(sample: Sample | null): string {
    if (sample === null) return ''
    const { entity, facts, octets } = sample
    // The last line break seen may belong to a boundary.
    const own = octets.slice(0, entity.bodyEnd - entity.bodyStart)
    return previewOf(
      { octets: own, encoding: facts.encoding, charset: facts.charset, html: isHtml(entity) },
      this.charsets,
    )
  }
}

function isHtml(entity: Entity): boolean {
  return entity.subtype === 'html'
}

function add(sample: Sample, bytes: Uint8Array, start: number, end: number): void {
  const room = (isHtml(sample.entity) ? HTML_LIMIT : PLAIN_LIMIT) - sample.octets.length
  if (room > 0) sample.octets += latin1(bytes, start, Math.min(end, start + room))
}
