/** Pushes a message that streams in to a store that pulls it, and makes its summary on the way. */
import { createSummarizer, type Summarized } from '@posthouse/mime/summary'
import type { Source, Staged } from '@posthouse/store-api'

/** A message that is durable and summarised. */
export interface StagedMessage extends Summarized {
  readonly staged: Staged
}

/** Takes octets; resolves `finish` when they are durable. */
export interface UploadFeed {
  write(octets: Uint8Array): void | Promise<void>
  finish(): Promise<StagedMessage>
  abort(): void
}

/** Octets that are kept before the store is asked: small messages are staged without a stream. */
const SMALL = 65_536

export function createUploadFeed(
  stage: (bytes: Source, hint?: { readonly size?: number }) => Promise<Staged>,
  size: number,
): UploadFeed {
  const summarizer = createSummarizer()
  let kept: Uint8Array[] = []
  let keptOctets = 0
  let staged: Promise<Staged> | null = null
  let wake: (() => void) | null = null
  let drained: { resolve: () => void; reject: (error: unknown) => void } | null = null
  let ended = false
  let failure: { readonly error: unknown } | null = null

  async function* pull(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (failure) throw failure.error
      const pieces = kept
      kept = []
      keptOctets = 0
      yield* pieces
      if (kept.length > 0) continue
      drained?.resolve()
      drained = null
      if (ended) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  function fail(error: unknown): void {
    failure ??= { error }
    drained?.reject(error)
    drained = null
    wake?.()
  }

  return {
    write(octets) {
      summarizer.write(octets)
      kept.push(octets.slice())
      keptOctets += octets.length
      wake?.()
      wake = null
      if (keptOctets < SMALL) return
      if (!staged) {
        staged = stage(pull(), { size })
        staged.catch(fail)
      }
      if (failure) return Promise.reject(failure.error)
      return new Promise((resolve, reject) => {
        drained = { resolve, reject }
      })
    },
    async finish() {
      ended = true
      wake?.()
      const done = await (staged ?? stage(kept, { size }))
      return { staged: done, ...summarizer.end() }
    },
    abort() {
      fail(new Error('the message was not completed'))
      kept = []
    },
  }
}
