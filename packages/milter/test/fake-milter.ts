import { ConnectionError, concat, latin1 } from '@posthouse/wire'
import { type ConnectMilter, createPacketReader, encodePacket } from '../src/index.js'

/** What a milter of a test says to a packet: packets as `code data`, in order; nothing: no answer. */
export type Script = (packet: string) => readonly string[] | 'stall' | 'close'

export interface FakeMilter {
  readonly connect: ConnectMilter
  /** The packets of all connections: `C [192.0.2.1]...`, with NUL as `|`. A new connection begins with `connect`. */
  readonly heard: string[]
  /** Connections that are open. */
  readonly open: number
  /** All connections are lost, as when the milter is started anew. */
  restart(): void
}

/** A packet as octets: `h` and `X-Spam\0yes\0`. */
export function packet(code: string, data = ''): Uint8Array {
  return concat(
    encodePacket(
      code,
      Uint8Array.from(data, (character) => character.charCodeAt(0)),
    ),
  )
}

export const number = (value: number): string =>
  String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)

/** The negotiation of a milter that wants all changes; `steps`: what it does not want to see or to answer. */
export function options(steps = 0, version = 6, actions = 0x1ff, macros = ''): string {
  return `O${number(version)}${number(actions)}${number(steps)}${macros}`
}

/** The verdicts of a milter that agrees with everything. */
export function agree(heard: string, negotiation = options()): readonly string[] {
  if (heard.startsWith('O')) return [negotiation]
  return 'DAQK'.includes(heard[0]) ? [] : ['c']
}

/** A milter in memory. */
export function fakeMilter(script: Script = agree, cut?: (bytes: Uint8Array) => readonly Uint8Array[]): FakeMilter {
  const heard: string[] = []
  const lose = new Set<() => void>()
  return {
    heard,
    get open() {
      return lose.size
    },
    restart() {
      for (const one of [...lose]) one()
    },
    async connect() {
      heard.push('connect')
      const input = createPacketReader(1 << 24)
      const output: Uint8Array[] = []
      let over = false
      let stalled = false
      let waiting: { resolve: (chunk: Uint8Array | null) => void; reject: (error: Error) => void } | null = null

      function give(): void {
        if (!waiting || (output.length === 0 && !over && !stalled)) return
        const { resolve, reject } = waiting
        waiting = null
        if (output.length > 0) resolve(output.shift() as Uint8Array)
        else if (stalled) reject(new ConnectionError('timeout', 'silent'))
        else resolve(null)
      }
      const close = (): void => {
        over = true
        lose.delete(close)
        give()
      }
      lose.add(close)
      return {
        remote: { address: '127.0.0.1', port: 1 },
        local: { address: '127.0.0.1', port: 2 },
        tls: null,
        loopback: true,
        canStartTls: false,
        read: (timeout) =>
          new Promise((resolve, reject) => {
            const one = { resolve, reject }
            waiting = one
            const late = (): void => {
              if (waiting !== one) return
              waiting = null
              reject(new ConnectionError('timeout', 'silent'))
            }
            if (timeout > 0) setTimeout(late, timeout).unref()
            give()
          }),
        write(pieces) {
          if (over) return
          for (const piece of pieces) input.push(piece.slice())
          for (let one = input.next(); one !== null && typeof one !== 'string'; one = input.next()) {
            const text = `${one.code}${one.data.length > 0 ? ` ${latin1(one.data).replaceAll('\0', '|')}` : ''}`
            heard.push(text)
            const answer = script(text)
            if (answer === 'close') close()
            else if (answer === 'stall') stalled = true
            else {
              const bytes = concat([new Uint8Array(0), ...answer.map((said) => packet(said[0], said.slice(1)))])
              if (bytes.length > 0) output.push(...(cut ? cut(bytes) : [bytes]))
            }
          }
          give()
        },
        startTls: () => Promise.reject(new Error('not needed')),
        end: async () => close(),
        destroy: close,
      }
    },
  }
}
