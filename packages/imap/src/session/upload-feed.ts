/** Takes a message that streams in to a store, and makes its summary on the way. */
import { createSummarizer, type Summarized } from '@posthouse/mime/summary'
import { createStageFeed, type Source, type Staged } from '@posthouse/store-api'

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

export function createUploadFeed(
  stage: (bytes: Source, hint?: { readonly size?: number }) => Promise<Staged>,
  size: number,
): UploadFeed {
  const summarizer = createSummarizer()
  const feed = createStageFeed(stage, size)
  return {
    write(octets) {
      summarizer.write(octets)
      return feed.write(octets)
    },
    async finish() {
      const staged = await feed.finish()
      return { staged, ...summarizer.end() }
    },
    abort: () => feed.abort(),
  }
}
