/** Reads replies (RFC 5321 §4.2.1), which may have many lines; none without a limit. */
import { type ByteWindow, utf8 } from '@posthouse/wire'
import type { Reply } from '../../syntax/reply.js'
import { parseReplyLine, splitEnhancedCode } from '../../syntax/reply-line.js'

const CR = 13

export interface ReplyInputLimits {
  /** Octets of one line. */
  readonly replyLine: number
  /** Lines of one reply. */
  readonly replyLines: number
}

/** A reply as a server said it: its text always as lines. */
export interface ServerReply extends Reply {
  readonly text: readonly string[]
}

export class ReplyInput {
  #code = 0
  #lines: string[] = []
  readonly #limits: ReplyInputLimits

  constructor(limits: ReplyInputLimits) {
    this.#limits = limits
  }

  /** True in the middle of a reply. */
  get incomplete(): boolean {
    return this.#lines.length > 0
  }

  /** The next reply; `'more'` while it is not complete; a text when nothing sound can follow. */
  read(window: ByteWindow): ServerReply | 'more' | { readonly violation: string } {
    const { replyLine, replyLines } = this.#limits
    for (;;) {
      const length = window.lineLength(replyLine)
      if (length === -1) {
        if (window.length < replyLine) return 'more'
        return { violation: `the server sent a line of more than ${replyLine} octets` }
      }
      const whole = window.take(length)
      // A server that ends its lines with LF alone harms nobody but itself.
      const end = length > 1 && whole[length - 2] === CR ? length - 2 : length - 1
      const line = parseReplyLine(withoutControls(utf8(whole, 0, end)))
      if (!line) return { violation: 'the server sent something that is no SMTP reply' }
      if (this.#lines.length === 0) this.#code = line.code
      // RFC 5321 §4.2.1: the code is the same on every line; two codes are two answers.
      else if (line.code !== this.#code) return { violation: 'the lines of a reply have different codes' }
      if (this.#lines.length >= replyLines) return { violation: `a reply has more than ${replyLines} lines` }
      this.#lines.push(line.text)
      if (line.last) return this.#finish()
    }
  }

  #finish(): ServerReply {
    const code = this.#code
    const lines = this.#lines
    this.#lines = []
    const { enhanced } = splitEnhancedCode(lines[0], code)
    if (enhanced === null) return { code, enhanced, text: lines }
    const text = lines.map((line) => {
      const split = splitEnhancedCode(line, code)
      return split.enhanced === enhanced ? split.text : line
    })
    return { code, enhanced, text }
  }
}

/** RFC 5321 §4.2: a text has none but tabs. Others become blanks: replies are kept in logs, notices and databases. */
function withoutControls(text: string): string {
  let clean = ''
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if ((code >= 0x20 || code === 0x09) && code !== 0x7f) continue
    clean += `${text.slice(from, at)} `
    from = at + 1
  }
  return from === 0 ? text : clean + text.slice(from)
}
