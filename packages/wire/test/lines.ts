import { ByteWindow, fromLatin1, type Link, latin1, NEED_DATA, type Protocol, type Session } from '@posthouse/wire'

/** Says a line, or octets as they are. */
export type Say = (text: string | Uint8Array) => void
/** Answers a line. */
export type Command = (line: string, say: Say, link: Link) => void | Promise<void>

/** A line protocol; `command` answers, and `more` is what else its session does. */
export function lineProtocol(
  command: Command,
  more: (say: Say, link: Link) => Omit<Session<never>, 'handle'> = () => ({}),
): Protocol {
  return {
    name: 'lines',
    connect(link) {
      const window = new ByteWindow()
      const output: Uint8Array[] = []
      const say: Say = (text) => void output.push(typeof text === 'string' ? fromLatin1(`${text}\r\n`) : text)
      return {
        engine: {
          receive: (chunk) => window.push(chunk),
          receiveEnd() {},
          next() {
            const length = window.lineLength(1000)
            return length === -1 ? NEED_DATA : { type: 'line', text: latin1(window.take(length)).trimEnd() }
          },
          send: say as (reply: unknown) => void,
          takeOutput: () => output.splice(0),
        },
        session: {
          ...more(say, link),
          handle: (event) => command((event as unknown as { text: string }).text, say, link),
        },
      }
    },
  }
}
