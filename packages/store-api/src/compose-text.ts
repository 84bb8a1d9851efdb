/**
 * A row of an application's table as a message (RFC 5322): the same row gives the same octets for ever, as clients that
 * cache by UID need (R6). No clock, no locale, no random boundary. For more than plain text use `@posthouse/mime`.
 */

/** What `composeText` makes a message of. Keep these values fixed for a row once it was seen. */
export interface TextMessage {
  /** `ann@example.org` or `Ann <ann@example.org>`. */
  readonly from: string
  readonly to: string
  readonly subject: string
  /** Milliseconds since the epoch; written in UTC. */
  readonly date: number
  /** Without angle brackets, unique for ever: `42@app.example.org`. */
  readonly messageId: string
  /** Any line ends. */
  readonly text: string
}

/** The octets of a plain-text message with CRLF line ends. */
export function composeText(message: TextMessage): Uint8Array {
  const body = message.text.replace(/\r\n|\r|\n/g, '\r\n')
  const plain = isPlain(body)
  const lines = [
    `From: ${address(message.from)}`,
    `To: ${address(message.to)}`,
    `Subject: ${phrase(message.subject)}`,
    `Date: ${dateTime(message.date)}`,
    `Message-ID: <${oneLine(message.messageId)}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${plain ? '7bit' : 'base64'}`,
    '',
    plain ? body : base64Lines(new TextEncoder().encode(body)),
  ]
  return new TextEncoder().encode(lines.join('\r\n'))
}

/** ASCII without NUL in lines of at most 998 octets (RFC 5322 §2.1.1). */
function isPlain(text: string): boolean {
  let length = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0 || code > 0x7e) return false
    length = code === 0x0a ? 0 : length + 1
    if (length > 998) return false
  }
  return true
}

/** A header field's value must not start a field of its own. */
function oneLine(text: string): string {
  return text.replace(/[\0-\x1f\x7f]+/g, ' ').trim()
}

function address(text: string): string {
  const line = oneLine(text)
  const open = line.lastIndexOf('<')
  return open > 0 && line.endsWith('>') ? `${phrase(line.slice(0, open).trim())} ${line.slice(open)}` : line
}

/** Text as it is, or in encoded words of at most 75 octets (RFC 2047 §2). */
function phrase(text: string): string {
  const line = oneLine(text)
  if (line.length < 900 && isPlain(line) && !line.includes('=?')) return line
  const words: string[] = []
  let word = ''
  for (const char of line) {
    if (utf8(word + char).length > 42) {
      words.push(word)
      word = ''
    }
    word += char
  }
  words.push(word)
  return words.map((each) => `=?UTF-8?B?${base64(utf8(each))}?=`).join('\r\n ')
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

function base64Lines(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 57) lines.push(base64(bytes.subarray(at, at + 57)))
  return `${lines.join('\r\n')}\r\n`
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 5322 §3.3, in UTC and in English whatever the locale is. */
function dateTime(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`
  return `${days[at.getUTCDay()]}, ${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()} ${time} +0000`
}
