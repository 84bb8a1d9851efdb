/**
 * Typed notes that handlers leave on a session, a transaction or a recipient, for themselves or for each other.
 *
 * ```ts
 * const spamScore = annotation<number>('spam score')
 * transaction.set(spamScore, 3.5)
 * transaction.get(spamScore)        // number | undefined
 * ```
 */

/** How long a note is kept. */
export interface AnnotationOptions {
  /**
   * `transaction`: a note on a session that is about its next message, and gone when a transaction ends, and behind RSET,
   * EHLO, XCLIENT and STARTTLS. Default: it is kept as long as what it was left on.
   */
  readonly until?: 'transaction'
}

/** The key of a note. Each one made is different from all others, whatever its name. */
export interface Annotation<T> extends AnnotationOptions {
  /** For people who debug. */
  readonly name: string
  /** Never there; it carries the type. */
  readonly type?: T
}

/** Makes the key of a note. */
export function annotation<T>(name: string, options: AnnotationOptions = {}): Annotation<T> {
  return { name, ...options }
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
}

/** Notes in two layers: what was kept stays when the rest is dropped. */
export class LayeredNotes extends Notes {
  #kept: Map<Annotation<unknown>, unknown> | null = null
  /** There may be notes that go with a transaction. */
  #passing = false

  override get<T>(key: Annotation<T>): T | undefined {
    return (this.notes?.has(key) ? this.notes : this.#kept)?.get(key) as T | undefined
  }

  override set<T>(key: Annotation<T>, value: T): void {
    if (key.until) this.#passing = true
    super.set(key, value)
  }

  /** A transaction is over: notes about it go. */
  dropPassing(): void {
    if (!this.#passing) return
    this.#passing = false
    for (const notes of [this.notes, this.#kept]) {
      for (const key of notes?.keys() ?? []) if (key.until) notes?.delete(key)
    }
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
