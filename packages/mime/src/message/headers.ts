/** The header block of a part, in order, with repeated fields; decoded when asked. */

import { lowerCase } from '../ascii.js'
import type { CharsetSource } from '../body/charset.js'
import { indexOf } from '../bytes.js'
import {
  type FieldTable,
  fieldEnd,
  fieldName,
  fieldStart,
  fieldValue,
  findField,
  foldedValue,
  scanFields,
} from '../header/fields.js'
import { decodeWords, isAsciiRange, type RawCharset } from '../header/words.js'

const ESCAPE = 0x1b

/** One field. */
export interface HeaderField {
  /** As the message has it. */
  readonly name: string
  /** Text: unfolded, encoded words decoded, raw octets read as UTF-8 or else in the charset of the text. */
  readonly value: string
  /** The octets of the field with its line breaks, a view of the message. */
  readonly bytes: Uint8Array
}

/** A view of octets costs more to make than a value to decode, and few ask for it: it is made then. */
class Field implements HeaderField {
  readonly #table: FieldTable
  readonly #index: number

  constructor(
    readonly name: string,
    readonly value: string,
    table: FieldTable,
    index: number,
  ) {
    this.#table = table
    this.#index = index
  }

  get bytes(): Uint8Array {
    return this.#table.bytes.subarray(fieldStart(this.#table, this.#index), fieldEnd(this.#table, this.#index))
  }
}

/** Names compare without case. */
export class Headers implements Iterable<HeaderField> {
  private fields: FieldTable | undefined
  /** The block has no octet above 127 and no escape: nearly all have none, and their values need no further look. */
  private plain: boolean | undefined
  /** Values that were decoded, by index: who walks over all fields often asks for some of them by name too. */
  private readonly values: string[] = []

  constructor(
    private readonly message: Uint8Array,
    private readonly start: number,
    private readonly end: number,
    private readonly maxFields: number,
    private readonly charsets: CharsetSource | undefined,
    private readonly rawCharset: RawCharset | undefined,
  ) {}

  /** Where the fields lie; for code that reads octets itself. */
  get table(): FieldTable {
    this.fields ??= scanFields(this.message, this.start, this.end, this.maxFields)
    return this.fields
  }

  /** Number of fields. */
  get count(): number {
    return this.table.count
  }

  has(name: string): boolean {
    return findField(this.table, lowerCase(name)) !== -1
  }

  /** The decoded value of the first field of the name. */
  get(name: string): string | undefined {
    const index = findField(this.table, lowerCase(name))
    return index === -1 ? undefined : this.value(index)
  }

  /** The decoded values of all fields of the name, in order. */
  all(name: string): string[] {
    return this.indexes(name).map((index) => this.value(index))
  }

  /** Octets (latin1) of the first field's value, still folded; what the parsers of `@posthouse/mime/header` take. */
  raw(name: string): string | undefined {
    const index = findField(this.table, lowerCase(name))
    return index === -1 ? undefined : foldedValue(this.table, index)
  }

  /** As {@link raw}, of all fields of the name. */
  allRaw(name: string): string[] {
    return this.indexes(name).map((index) => foldedValue(this.table, index))
  }

  *[Symbol.iterator](): Generator<HeaderField, void, undefined> {
    const { table } = this
    for (let index = 0; index < table.count; index++) {
      yield new Field(fieldName(table, index), this.value(index), table, index)
    }
  }

  private value(index: number): string {
    return (this.values[index] ??= this.decode(fieldValue(this.table, index)))
  }

  private decode(value: string): string {
    this.plain ??= this.isPlain()
    return this.plain && !value.includes('=?') ? value : decodeWords(value, this.charsets, this.rawCharset).text
  }

  private isPlain(): boolean {
    const { message, start, end } = this
    if (!isAsciiRange(message, start, end)) return false
    return indexOf(message.subarray(start, end), ESCAPE) === -1
  }

  private indexes(name: string): number[] {
    const wanted = lowerCase(name)
    const indexes: number[] = []
    for (let at = findField(this.table, wanted); at !== -1; at = findField(this.table, wanted, at + 1)) indexes.push(at)
    return indexes
  }
}
