/**
 * Typed notes that handlers leave on a session, a transaction or a recipient, for themselves or for each other.
 *
 * ```ts
 * const spamScore = annotation<number>('spam score')
 * transaction.set(spamScore, 3.5)
 * transaction.get(spamScore)        // number | undefined
 * ```
 */

/** The key of a note. Each one made is different from all others, whatever its name. */
export interface Annotation<T> {
  /** For people who debug. */
  readonly name: string
  /** Never there; it carries the type. */
  readonly type?: T
}

/** Makes the key of a note. */
export function annotation<T>(name: string): Annotation<T> {
  return { name }
}

/** Something that takes notes. */
export interface Annotated {
  get<T>(key: Annotation<T>): T | undefined
  set<T>(key: Annotation<T>, value: T): void
}

export class Notes implements Annotated {
  protected notes: Map<Annotation<unknown>, unknown> | null = null

  get<T>(key: Annotation<T>): T | undefined {
    return this.notes?.get(key) as T | undefined
  }

  set<T>(key: Annotation<T>, value: T): void {
    this.notes ??= new Map()
    this.notes.set(key, value)
  }

  remove(key: Annotation<unknown>): void {
    this.notes?.delete(key)
  }
}

/** Notes in two layers: what was kept stays when the rest is dropped. */
export class LayeredNotes extends Notes {
  #kept: Map<Annotation<unknown>, unknown> | null = null

  override get<T>(key: Annotation<T>): T | undefined {
    return (this.notes?.has(key) ? this.notes : this.#kept)?.get(key) as T | undefined
  }

  protected keepNotes(): void {
    if (this.notes === null) return
    this.#kept = this.#kept === null ? this.notes : new Map([...this.#kept, ...this.notes])
    this.notes = null
  }

  protected dropNotes(): void {
    this.notes = null
  }
}
