/** BODYSTRUCTURE and BODY (RFC 9051 §7.5.2): what the header of each part says, and the list made of it. */

import { lowerCase, trimBlanks } from '../ascii.js'
import { skipCfws } from '../header/comments.js'
import { type FieldTable, fieldValue, findField, foldedValue } from '../header/fields.js'
import { parameterOctets } from '../header/parameter-text.js'
import { findParameter, parseStructured, type RawParameter, type StructuredValue } from '../header/parameters.js'
import { readTransferEncoding } from '../structure/content-fields.js'
import { type Entity, isMessage, isMultipart } from '../structure/entity.js'
import { imapNString, imapString } from './wire.js'

/** What a part's header says, ready to be put around the sizes that are known when the part has ended. */
export interface PartText {
  /** `"type" "subtype" (parameters) id description "encoding"` of a part, `"subtype" (parameters)` of a multipart. */
  readonly head: string
  /** Extension data: `md5 disposition language location`, without md5 for a multipart. */
  readonly tail: string
}

/** What of a part's header other pieces of the summary need. */
export interface PartFacts {
  readonly encoding: string
  readonly charset: string | null
  readonly disposition: string | null
  readonly contentType: StructuredValue | null
}

const NO_PART = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)'

const NO_ENVELOPE = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'

function parameterList(parameters: readonly RawParameter[], utf8: boolean): string {
  if (parameters.length === 0) return 'NIL'
  const texts = parameters.map(
    ({ name, value, extended }) => `${imapString(extended ? `${name}*` : name, utf8)} ${imapString(value, utf8)}`,
  )
  return `(${texts.join(' ')})`
}

function structured(table: FieldTable, name: string, maxParameters: number): StructuredValue | null {
  const index = findField(table, name)
  return index === -1 ? null : parseStructured(foldedValue(table, index), maxParameters)
}

function text(table: FieldTable, name: string): string | null {
  const index = findField(table, name)
  return index === -1 ? null : fieldValue(table, index)
}

/** Content-Language (RFC 3282): tags divided by commas. */
function language(table: FieldTable, utf8: boolean): string {
  const value = text(table, 'content-language')
  if (value === null) return 'NIL'
  const tags: string[] = []
  for (const item of value.split(',')) {
    const start = skipCfws(item, 0)
    const end = item.indexOf('(', start)
    const tag = trimBlanks(item.slice(start, end === -1 ? undefined : end)).split(' ', 1)[0]!
    if (tag !== '') tags.push(imapString(tag, utf8))
  }
  return tags.length === 0 ? 'NIL' : `(${tags.join(' ')})`
}

/** The first word of a Content-Disposition. */
function dispositionType(value: StructuredValue | null): string | null {
  return value && value.value !== '' ? value.value.split(' ', 1)[0]! : null
}

function disposition(value: StructuredValue | null, utf8: boolean): string {
  const type = dispositionType(value)
  if (value === null || type === null) return 'NIL'
  return `(${imapString(type, utf8)} ${parameterList(value.parameters, utf8)})`
}

/** Reads the header of a part. */
export function partFacts(table: FieldTable, maxParameters: number): PartFacts {
  const contentType = structured(table, 'content-type', maxParameters)
  const charset = findParameter(contentType, 'charset')
  const encodingIndex = findField(table, 'content-transfer-encoding')
  return {
    encoding: readTransferEncoding(encodingIndex === -1 ? null : foldedValue(table, encodingIndex)),
    charset: charset ? parameterOctets(charset) : null,
    disposition: dispositionType(structured(table, 'content-disposition', maxParameters)),
    contentType,
  }
}

/** The texts of a part. */
export function partText(
  entity: Entity,
  table: FieldTable,
  facts: PartFacts,
  utf8: boolean,
  maxParameters: number,
): PartText {
  const nstring = (name: string) => imapNString(text(table, name), utf8)
  const parameters = facts.contentType?.parameters ?? []
  const extension = `${disposition(structured(table, 'content-disposition', maxParameters), utf8)} ${language(table, utf8)} ${nstring('content-location')}`
  if (entity.type === 'multipart') {
    return { head: `${imapString(entity.subtype, utf8)} ${parameterList(parameters, utf8)}`, tail: extension }
  }
  // RFC 2045 §5.2: text without a charset is US-ASCII, and RFC 9051 wants it said.
  const defaulted =
    entity.type === 'text' && !parameters.some((one) => one.name === 'charset')
      ? [...parameters, { name: 'charset', value: 'us-ascii', extended: false }]
      : parameters
  const media = `${imapString(entity.type, utf8)} ${imapString(entity.subtype, utf8)} ${parameterList(defaulted, utf8)}`
  return {
    head: `${media} ${nstring('content-id')} ${nstring('content-description')} ${imapString(facts.encoding, utf8)}`,
    tail: `${nstring('content-md5')} ${extension}`,
  }
}

/** The list of an entity, with extension data. */
export function renderBodyStructure(
  entity: Entity,
  textOf: (entity: Entity) => PartText,
  envelopeOf: (entity: Entity) => string,
): string {
  const { head, tail } = textOf(entity)
  if (isMultipart(entity)) {
    let parts = ''
    for (const child of entity.children) parts += renderBodyStructure(child, textOf, envelopeOf)
    return `(${parts === '' ? NO_PART : parts} ${head} ${tail})`
  }
  const size = entity.bodyEnd - entity.bodyStart
  if (entity.type === 'multipart') {
    // It was not opened: all of its body as one text, so that a client can get at it.
    return `(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" ${size} ${entity.lineBreaks} NIL NIL NIL NIL) ${head} ${tail})`
  }
  if (isMessage(entity)) {
    const message = entity.children[0]!
    const body = renderBodyStructure(message, textOf, envelopeOf)
    return `(${head} ${size} ${envelopeOf(message)} ${body} ${entity.lineBreaks} ${tail})`
  }
  // A message that was not opened must still have the form of one (body-type-msg).
  if (entity.type === 'message' && (entity.subtype === 'rfc822' || entity.subtype === 'global')) {
    return `(${head} ${size} ${NO_ENVELOPE} ${NO_PART} ${entity.lineBreaks} ${tail})`
  }
  return entity.type === 'text' ? `(${head} ${size} ${entity.lineBreaks} ${tail})` : `(${head} ${size} ${tail})`
}

/** BODY from BODYSTRUCTURE: the same lists without the extension data. */
export function withoutExtensions(structure: string): string {
  return new ListCutter(structure).cut()
}

/** Walks a rendered BODYSTRUCTURE and copies what BODY has. */
class ListCutter {
  private at = 0
  constructor(private readonly text: string) {}

  /** The list at the position. */
  cut(): string {
    this.at++
    if (this.text.charCodeAt(this.at) === 0x28) {
      let parts = ''
      while (this.text.charCodeAt(this.at) === 0x28) parts += this.cut()
      const subtype = this.take(1)
      this.skipRest()
      return `(${parts}${subtype})`
    }
    const start = this.at
    const media = lowerCase(this.take(2))
    this.take(5)
    if (media === '"message" "rfc822"' || media === '"message" "global"') return this.cutMessage(start)
    if (media.startsWith('"text"')) this.take(1)
    const head = this.text.slice(start, this.at)
    this.skipRest()
    return `(${head})`
  }

  private cutMessage(start: number): string {
    const head = this.text.slice(start, this.at)
    const envelope = this.take(1)
    this.at++
    const body = this.cut()
    const lines = this.take(1)
    this.skipRest()
    return `(${head}${envelope} ${body}${lines})`
  }

  /** The next values, each with the blank before it. */
  private take(count: number): string {
    const start = this.at
    for (let i = 0; i < count; i++) this.skipValue()
    return this.text.slice(start, this.at)
  }

  private skipRest(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) !== 0x29) this.skipValue()
    this.at++
  }

  private skipValue(): void {
    const { text } = this
    if (text.charCodeAt(this.at) === 0x20) this.at++
    let depth = 0
    do {
      const code = text.charCodeAt(this.at)
      if (code === 0x22) {
        for (this.at++; text.charCodeAt(this.at) !== 0x22; this.at++) if (text.charCodeAt(this.at) === 0x5c) this.at++
        this.at++
      } else if (code === 0x7b) {
        const close = text.indexOf('}', this.at)
        this.at = close + 3 + Number(text.slice(this.at + 1, close))
      } else if (code === 0x28) {
        depth++
        this.at++
      } else if (code === 0x29) {
        depth--
        this.at++
      } else if (code === 0x20) {
        this.at++
      } else {
        while (this.at < text.length && !' ()'.includes(text.charAt(this.at))) this.at++
      }
    } while (depth > 0 && this.at < text.length)
  }
}
