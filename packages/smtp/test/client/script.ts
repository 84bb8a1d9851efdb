/** A server that is a text: what it says, and what it must hear before it says the next thing. */
import { type ClientConnection, ConnectionError, fromLatin1, latin1, type TlsInfo } from '@posthouse/wire'
import { slices } from '@posthouse/wire/testing'

type Step =
  | { readonly type: 'hear' | 'say'; readonly text: string; readonly line: number }
  | { readonly type: 'tls' | 'end' | 'reset'; readonly line: number }

export type Cut = (octets: Uint8Array) => Iterable<Uint8Array>

export interface ScriptOptions {
  /** How the octets of the server are cut. */
  readonly cut?: Cut
  readonly tls?: TlsInfo
  /** The server answers before it has read everything: `write` gives promises that are late. */
  readonly slow?: boolean
  readonly loopback?: boolean
}

/** A connection to a script. */
export interface Script {
  readonly connection: ClientConnection
  /** @throws Error when the script was not played to its end, or the client said something else. */
  check(): void
}

/**
 * `S:` the server says a line, `C:` the client must have said a line (and nothing beyond the lines up to the next
 * `S:`), `S~` and `C~` the same without a line end and with `\r`, `\n`, `\0`, `\xNN`; `-- tls --`, `-- end --` (the
 * server closes), `-- reset --`.
 */
export function script(
  text: string,
  { cut = (octets) => [octets], tls, slow = false, loopback = true }: ScriptOptions = {},
): Script {
  const steps = parse(text)
  let at = 0
  let heard = ''
  let wrong: Error | null = null
  let ended: 'end' | 'reset' | null = null
  let encrypted: TlsInfo | null = tls ?? null
  let handshake = false
  const chunks: Uint8Array[] = []
  let waiting: { resolve(chunk: Uint8Array | null): void; reject(error: Error): void } | null = null

  function fail(message: string): void {
    wrong ??= new Error(message)
    ended ??= 'reset'
  }

  function advance(): void {
    for (; at < steps.length; at++) {
      const step = steps[at]
      if (step.type === 'hear') {
        if (!heard.startsWith(step.text)) {
          if (!step.text.startsWith(heard)) {
            fail(`line ${step.line}: wanted ${JSON.stringify(step.text)}, heard ${JSON.stringify(heard)}`)
          }
          break
        }
        heard = heard.slice(step.text.length)
      } else {
        if (heard !== '' && step.type !== 'end' && step.type !== 'reset') {
          fail(`line ${step.line}: the client has said more: ${JSON.stringify(heard)}`)
          break
        }
        if (step.type === 'say') chunks.push(...cut(fromLatin1(step.text)))
        else if (step.type !== 'tls') ended = step.type
        else if (!handshake) break
      }
    }
    deliver()
  }

  function deliver(): void {
    if (!waiting) return
    const { resolve, reject } = waiting
    const chunk = chunks.shift()
    if (!chunk && !ended) return
    waiting = null
    if (chunk) resolve(chunk)
    else if (ended === 'end') resolve(null)
    else reject(wrong ?? new ConnectionError('lost', 'the connection was lost'))
  }

  const endpoint = { address: '127.0.0.1', port: 25 }
  const connection: ClientConnection = {
    remote: endpoint,
    local: { ...endpoint, port: 49152 },
    get tls() {
      return encrypted
    },
    loopback,
    canStartTls: true,
    read: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        deliver()
      }),
    write(pieces) {
      for (const piece of pieces) heard += latin1(piece)
      advance()
      if (slow) return new Promise((resolve) => setImmediate(resolve))
    },
    async startTls() {
      if (chunks.length > 0) throw new ConnectionError('injected', 'octets in clear text')
      encrypted = TEST_TLS
      handshake = true
      advance()
    },
    async end() {
      ended ??= 'end'
      deliver()
    },
    destroy() {
      ended ??= 'reset'
      deliver()
    },
  }
  advance()
  return {
    connection,
    check() {
      if (wrong) throw wrong
      if (at < steps.length)
        throw new Error(`line ${steps[at].line}: this was not reached; unread: ${JSON.stringify(heard)}`)
      if (heard !== '') throw new Error(`the client has said more than the script: ${JSON.stringify(heard)}`)
    },
  }
}

export const TEST_TLS: TlsInfo = {
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  servername: null,
  peerCertificate: null,
  channelBinding: () => new Uint8Array(32),
}

/** Plays a script with the server's octets whole, one by one, and in threes, to a fast and to a slow server. */
export async function playScript(
  text: string,
  run: (connection: ClientConnection) => Promise<void>,
  options: Omit<ScriptOptions, 'cut'> = {},
): Promise<void> {
  const whole: Cut = (octets) => [octets]
  for (const how of [
    { cut: whole },
    { cut: whole, slow: true },
    { cut: (octets: Uint8Array) => slices(octets, 1) },
    { cut: (octets: Uint8Array) => slices(octets, 3), slow: true },
  ]) {
    const played = script(text, { ...options, ...how })
    try {
      await run(played.connection)
    } catch (error) {
      played.check()
      throw error
    }
    played.check()
  }
}

function parse(text: string): Step[] {
  const steps: Step[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1
    const trimmed = raw.trimStart()
    const content = trimmed.slice(3)
    if (trimmed === '') continue
    if (trimmed.startsWith('C:')) steps.push({ type: 'hear', text: `${content}\r\n`, line })
    else if (trimmed.startsWith('S:')) steps.push({ type: 'say', text: `${content}\r\n`, line })
    else if (trimmed.startsWith('C~')) steps.push({ type: 'hear', text: octets(content), line })
    else if (trimmed.startsWith('S~')) steps.push({ type: 'say', text: octets(content), line })
    else if (trimmed.startsWith('-- tls')) steps.push({ type: 'tls', line })
    else if (trimmed.startsWith('-- end')) steps.push({ type: 'end', line })
    else if (trimmed.startsWith('-- reset')) steps.push({ type: 'reset', line })
    else throw new Error(`line ${line} of a script: ${raw}`)
  }
  return steps
}

function octets(text: string): string {
  return text.replace(/\\(r|n|0|\\|x[0-9a-f]{2})/g, (_, kind: string) => {
    if (kind[0] === 'x') return String.fromCharCode(Number.parseInt(kind.slice(1), 16))
    return { r: '\r', n: '\n', '0': '\0', '\\': '\\' }[kind] as string
  })
}
