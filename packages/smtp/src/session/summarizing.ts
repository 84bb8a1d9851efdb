/**
 * `@posthouse/mime/summary`, loaded for the first server that has a use for it: it is more than all the rest of this package, and
 * who takes mail into a function needs none of it.
 */
import type { Summarizer } from '@posthouse/mime/summary'
import type { MaybePromise } from '@posthouse/wire'
import { isPromise } from './stages.js'

let create: (() => Summarizer) | null = null
let loading: Promise<void> | null = null

/** Resolves when `newSummarizer` makes one. */
export function loadSummarizer(): MaybePromise<void> {
  if (create) return
  loading ??= import('@posthouse/mime/summary').then(
    ({ createSummarizer }) => {
      create = createSummarizer
    },
    (error: unknown) => {
      // The next message tries again.
      loading = null
      throw error
    },
  )
  return loading
}

/** Begins to load it. Whoever waits for it then is told when it cannot be had. */
export function preloadSummarizer(): void {
  const begun = loadSummarizer()
  if (isPromise(begun)) begun.catch(() => undefined)
}

/** Makes the summary of one message; `null` before `loadSummarizer` has done its work. */
export function newSummarizer(): Summarizer | null {
  return create?.() ?? null
}
