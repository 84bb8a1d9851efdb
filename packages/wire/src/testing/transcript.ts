import { fromUtf8, latin1 } from '../bytes.js'
import type { Protocol } from '../link.js'
import { connectInMemory, type MemoryConnection, type MemoryConnectionOptions } from './memory-link.js'

/**
 * Plays dialogues as the RFCs print them.
 *
 * ```
 * S: 220 mx.example.org ESMTP          the server says this line
 * C: EHLO client.example               the client sends this line with CRLF
 * S: 250-{*}                           {*} stands for any text without a line end
 * S: ...                               any number of lines (up to the next S line that fits)
 * C~ text\r\n\x00                      the client sends exactly this; \r \n \t \0 \\ \xHH are escapes
 * S~ text                              the server sends exactly this (no line end is added)
 * -- tls --                            the TLS handshake that the server now waits for
 * -- closed --                         the server has closed the connection
 * -- end --                            the client half-closes
 * ```
 *
 * Consecutive C lines are pipelined: they are sent together.
 */
type Step =
  | { readonly type: 'send'; readonly bytes: Uint8Array; readonly line: number }
  | { readonly type: 'expect'; readonly text: string; readonly line: number }
  | { readonly type: 'exactly'; readonly text: string; readonly line: number }
  | { readonly type: 'anything' | 'tls' | 'closed' | 'end'; readonly line: number }

/** How a transcript is played. */
export interface TranscriptOptions extends MemoryConnectionOptions {
  /** How the client's octets are cut: as pipelined batches, octet by octet, or by a function. Default: `batch`. */
  readonly cut?: 'batch' | 'octets' | ((bytes: Uint8Array) => readonly Uint8Array[])
  /** ms to wait for the server. Default: 5,000. */
  readonly timeout?: number
}

/**
 * Plays a transcript against a server in memory.
 * @throws Error that shows the line that differs.
 */
export async function playTranscript(protocol: Protocol, text: string, options: TranscriptOptions = {}): Promise<void> {
  const steps = parse(text)
  const connection = connectInMemory(protocol, options)
  const reader = createReader(connection, options.timeout ?? 5_000)
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]
    switch (step.type) {
      case 'send': {
        const batch = [step.bytes]
        for (let next = steps[i + 1]; next?.type === 'send'; next = steps[++i + 1]) batch.push(next.bytes)
        for (const chunk of cut(join(batch), options.cut ?? 'batch')) connection.send(chunk)
        break
      }
      case 'expect':
        compare(await reader.line(step), step.text, step.line)
        break
      case 'exactly': {
        const heard = await reader.take(step.text.length, step)
        if (heard !== step.text) throw mismatch(step.line, JSON.stringify(step.text), JSON.stringify(heard))
        break
      }
      case 'anything': {
        const next = steps[i + 1]
        if (next?.type !== 'expect') throw new Error(`transcript line ${step.line}: "S: ..." needs an S line behind it`)
        for (;;) {
          const heard = await reader.line(next)
          if (fits(heard, next.text)) break
        }
        i++
        break
      }
      case 'tls':
        await reader.until(() => connection.pending === 'tls', 'a TLS handshake', step)
        connection.handshake()
        break
      case 'closed':
        await reader.until(() => connection.closed, 'the end of the connection', step)
        break
      case 'end':
        connection.end()
        break
    }
  }
  const rest = reader.rest()
  if (rest !== '') throw new Error(`the server said more than the transcript: ${JSON.stringify(rest)}`)
}

/** Plays a transcript at the cuts that break parsers: as batches, octet by octet, and in threes. */
export async function playTranscriptAtAllCuts(
  makeProtocol: () => Protocol,
  text: string,
  options: Omit<TranscriptOptions, 'cut'> = {},
): Promise<void> {
  await playTranscript(makeProtocol(), text, { ...options, cut: 'batch' })
  await playTranscript(makeProtocol(), text, { ...options, cut: 'octets' })
  await playTranscript(makeProtocol(), text, { ...options, cut: (bytes) => slices(bytes, 3) })
}

function parse(text: string): Step[] {
  const steps: Step[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const trimmed = raw.trimStart()
    if (trimmed === '' || trimmed.startsWith('#')) continue
    const content = trimmed.slice(3)
    if (trimmed.startsWith('C:')) steps.push({ type: 'send', bytes: fromUtf8(`${content}\r\n`), line })
    else if (trimmed.startsWith('C~')) steps.push({ type: 'send', bytes: octetsOf(content), line })
    else if (trimmed.trimEnd() === 'S: ...') steps.push({ type: 'anything', line })
    else if (trimmed.startsWith('S:')) steps.push({ type: 'expect', text: content, line })
    else if (trimmed.startsWith('S~')) steps.push({ type: 'exactly', text: latin1(octetsOf(content)), line })
    else if (trimmed.trimEnd() === '-- tls --') steps.push({ type: 'tls', line })
    else if (trimmed.trimEnd() === '-- closed --') steps.push({ type: 'closed', line })
    else if (trimmed.trimEnd() === '-- end --') steps.push({ type: 'end', line })
    else throw new Error(`transcript line ${line} is none of "C:", "S:", "C~", "S~", "-- tls --", ...: ${raw}`)
  }
  return steps
}

const ESCAPES = new Map([
  ['r', 13],
  ['n', 10],
  ['t', 9],
  ['0', 0],
  ['\\', 92],
])

function octetsOf(text: string): Uint8Array {
  const bytes: number[] = []
  const source = fromUtf8(text)
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== 92) {
      bytes.push(source[i])
      continue
    }
    const kind = String.fromCharCode(source[++i])
    if (kind === 'x') {
      bytes.push(Number.parseInt(latin1(source, i + 1, i + 3), 16))
      i += 2
    } else {
      const byte = ESCAPES.get(kind)
      if (byte === undefined) throw new Error(`unknown escape \\${kind} in a transcript`)
      bytes.push(byte)
    }
  }
  return Uint8Array.from(bytes)
}

function createReader(connection: MemoryConnection, timeout: number) {
  let heard = ''

  async function more(wanted: string, step: Step): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `transcript line ${step.line}: waited ${timeout} ms for ${wanted}; unread: ${JSON.stringify(heard)}`,
            ),
          ),
        timeout,
      )
    })
    await Promise.race([connection.output(), late]).finally(() => clearTimeout(timer))
    const text = latin1(connection.take())
    heard += text
    if (text === '' && connection.closed) {
      throw new Error(
        `transcript line ${step.line}: the connection was closed instead of ${wanted}; unread: ${JSON.stringify(heard)}`,
      )
    }
    // Nothing new but something is pending (a handshake): let it be seen.
    if (text === '') throw new Error(`transcript line ${step.line}: the server starts TLS instead of ${wanted}`)
  }

  return {
    async line(step: Step & { readonly text: string }): Promise<string> {
      let end = heard.indexOf('\r\n')
      while (end === -1) {
        await more(JSON.stringify(step.text), step)
        end = heard.indexOf('\r\n')
      }
      const line = heard.slice(0, end)
      heard = heard.slice(end + 2)
      return line
    },
    async take(length: number, step: Step & { readonly text: string }): Promise<string> {
      while (heard.length < length) await more(JSON.stringify(step.text), step)
      const text = heard.slice(0, length)
      heard = heard.slice(length)
      return text
    },
    async until(reached: () => boolean, wanted: string, step: Step): Promise<void> {
      while (!reached()) {
        heard += latin1(connection.take())
        if (heard !== '')
          throw new Error(`transcript line ${step.line}: wanted ${wanted}, heard ${JSON.stringify(heard)}`)
        let timer: ReturnType<typeof setTimeout> | undefined
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(
            () => reject(new Error(`transcript line ${step.line}: waited ${timeout} ms for ${wanted}`)),
            timeout,
          )
        })
        await Promise.race([connection.output(), late]).finally(() => clearTimeout(timer))
      }
    },
    rest(): string {
      return heard + latin1(connection.take())
    },
  }
}

function compare(heard: string, wanted: string, line: number): void {
  if (!fits(heard, wanted)) throw mismatch(line, wanted, heard)
}

function mismatch(line: number, wanted: string, heard: string): Error {
  return new Error(`transcript line ${line} differs\n  wanted S: ${wanted}\n   heard S: ${heard}`)
}

/** Does a line fit a pattern in which `{*}` is any text? The transcript is UTF-8, the line octets. */
function fits(heard: string, wanted: string): boolean {
  const parts = latin1(fromUtf8(wanted)).split('{*}')
  if (parts.length === 1) return heard === parts[0]
  if (!heard.startsWith(parts[0])) return false
  let at = parts[0].length
  for (const part of parts.slice(1, -1)) {
    const found = heard.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  const last = parts[parts.length - 1]
  return heard.length - last.length >= at && heard.endsWith(last)
}

function cut(bytes: Uint8Array, how: NonNullable<TranscriptOptions['cut']>): readonly Uint8Array[] {
  if (how === 'batch') return [bytes]
  if (how === 'octets') return slices(bytes, 1)
  return how(bytes)
}

/** The octets in pieces of a size. */
export function slices(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
