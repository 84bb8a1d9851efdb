/**
 * No smuggling: a message may hold every string over the octets that matter, in every cutting, and it ends where a
 * model says that is too simple to be wrong; what stands behind its end is read as commands, and nothing before it is.
 */
import { type ContentRule, createSmtpEngine, DEFAULT_LIMITS, replies, reply, type SmtpEngine } from '@posthouse/smtp'

const ALPHABET = '\r\n.a\0'
const TAIL = '\r\n.\r\nNOOP\r\n'
const octets = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const HEAD = octets('EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n')

/** What a server must make of the text behind DATA, on the whole text at once. */
function model(text: string, rule: ContentRule): string {
  // RFC 5321 §4.1.1.4: CRLF "." CRLF, whose first CRLF may be that of the command itself.
  const at = `\r\n${text}`.indexOf('\r\n.\r\n')
  const marked = text
    .slice(0, at)
    .split('\r\n')
    .map((line) => (line.startsWith('.') ? line.slice(1) : line))
    .join('\x01')
  let message = ''
  for (const octet of marked) {
    if (octet === '\x01') message += '\r\n'
    else if (rule !== 'normalize' || (octet !== '\r' && octet !== '\n' && octet !== '\0')) message += octet
    else message += octet === '\0' ? '' : '\r\n'
  }
  const unsound = marked.includes('\r') || marked.includes('\n') || marked.includes('\0')
  return `message ${JSON.stringify(message)}${unsound && rule === 'reject' ? ' refused' : ''}${commands(text.slice(at + 3))}`
}

/** Only CRLF ends a command, and only NOOP is one. A bare LF is the end of the connection. */
function commands(text: string): string {
  let seen = ''
  for (let start = 0, end = text.indexOf('\n'); end !== -1; start = end + 1, end = text.indexOf('\n', start)) {
    if (end === start || text[end - 1] !== '\r') return `${seen}, closed`
    seen += text.slice(start, end - 1) === 'NOOP' ? ', NOOP' : ', no command'
  }
  return seen
}

/** What a server makes of it. */
function heard(engine: SmtpEngine, chunks: Iterable<Uint8Array>): string {
  let message = ''
  let seen = ''
  for (const chunk of chunks) {
    engine.receive(chunk)
    for (let event = engine.next(); event.type !== 'need-data'; event = engine.next()) {
      if (event.type === 'paused') return seen
      switch (event.type) {
        case 'message-octets':
          for (const octet of event.octets) message += String.fromCharCode(octet)
          break
        case 'message-end':
          seen = `message ${JSON.stringify(message)}${event.refused ? ' refused' : ''}`
          engine.send(replies.accepted())
          break
        case 'refused':
          if (event.close) return `${seen}, closed`
          seen += ', no command'
          engine.send(event.reply)
          break
        case 'command':
          seen += event.command.verb === 'NOOP' ? ', NOOP' : ', no command'
          engine.send(replies.ok())
          break
        default:
          return `${seen}, ${event.type}`
      }
    }
  }
  return seen
}

/** An engine that waits for a message. */
function begun(rule: ContentRule): SmtpEngine {
  const content = { bareCr: rule, bareLf: rule, nul: rule }
  const engine = createSmtpEngine({ dialect: 'smtp', limits: DEFAULT_LIMITS, content })
  engine.send(reply(220, null, 'x'))
  engine.receive(HEAD)
  for (let event = engine.next(); event.type === 'command'; event = engine.next()) {
    engine.send(event.command.verb === 'DATA' ? replies.startMailInput() : replies.ok())
  }
  return engine
}

/** All strings of a length. */
function* strings(length: number): Generator<string> {
  const total = ALPHABET.length ** length
  for (let number = 0; number < total; number++) {
    let text = ''
    for (let rest = number, i = 0; i < length; i++, rest = Math.floor(rest / ALPHABET.length)) {
      text += ALPHABET[rest % ALPHABET.length]
    }
    yield text
  }
}

/** The octets cut behind each one whose bit is set in `mask`; the tail comes with the last piece or alone. */
function cut(bytes: Uint8Array, length: number, mask: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let start = 0
  for (let i = 1; i <= length; i++) {
    if ((mask & (1 << (i - 1))) === 0) continue
    chunks.push(bytes.subarray(start, i))
    start = i
  }
  chunks.push(bytes.subarray(start))
  return chunks
}

/**
 * Tries all strings of a length in all cuttings; gives the number of dialogues.
 * @throws Error with the string and the cutting that make a difference.
 */
export function checkAll(length: number, rule: ContentRule): number {
  let dialogues = 0
  for (const text of strings(length)) {
    const wanted = model(text + TAIL, rule)
    const bytes = octets(text + TAIL)
    for (let mask = 0; mask < 1 << length; mask++, dialogues++) {
      const seen = heard(begun(rule), cut(bytes, length, mask))
      if (seen !== wanted) {
        const pieces = cut(bytes, length, mask).map((piece) => Buffer.from(piece).toString('latin1'))
        throw new Error(`${JSON.stringify(pieces)} (${rule}) is read as [${seen}] and not as [${wanted}]`)
      }
    }
  }
  return dialogues
}
