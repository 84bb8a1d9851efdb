import { fromUtf8 } from '@posthouse/wire'
import { encodeReply, type Reply, replyOctets } from '../syntax/reply.js'
import type { TranscriptLine } from './transcript.js'

const NOTHING: readonly Uint8Array[] = []

/** What an engine has to say: the replies since the last `take`, as one piece. */
export class ReplyOutput {
  #first: Reply | null = null
  #more = ''
  readonly #transcript: ((line: TranscriptLine) => void) | undefined

  constructor(transcript?: (line: TranscriptLine) => void) {
    this.#transcript = transcript
  }

  add(answer: Reply): void {
    if (this.#transcript) this.#tell(answer, this.#transcript)
    if (this.#first === null && this.#more === '') this.#first = answer
    else if (this.#first !== null) {
      this.#more = encodeReply(this.#first) + encodeReply(answer)
      this.#first = null
    } else this.#more += encodeReply(answer)
  }

  #tell(answer: Reply, transcript: (line: TranscriptLine) => void): void {
    for (const text of encodeReply(answer).split('\r\n')) if (text !== '') transcript({ side: 'server', text })
  }

  take(): readonly Uint8Array[] {
    const only = this.#first
    if (only !== null) {
      this.#first = null
      return [replyOctets(only)]
    }
    if (this.#more === '') return NOTHING
    const bytes = fromUtf8(this.#more)
    this.#more = ''
    return [bytes]
  }
}
