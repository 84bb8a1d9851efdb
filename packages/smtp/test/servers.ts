import type { Account, Delivery, MailStore, Source, Staged } from '@posthouse/store-api'
import { concat, latin1 } from '@posthouse/wire'
import {
  createLmtpServer,
  createSmtpServer,
  onMessage,
  type ReceivedMessage,
  type SmtpServer,
  type SmtpServerOptions,
  type SmtpSession,
} from '../src/index.js'

/** A server that keeps messages in a list. */
export interface Collector {
  readonly server: SmtpServer
  readonly messages: { readonly text: string; readonly from: string | null; readonly to: readonly string[] }[]
}

/** Passwords: `secret` for everybody. */
export function checkPassword(user: string, password: string): string | null {
  return password === 'secret' ? user : null
}

/** `handlers` are asked before the one that keeps the message. */
export function collector(options: Partial<SmtpServerOptions> = {}, protocol: 'smtp' | 'lmtp' = 'smtp'): Collector {
  const messages: Collector['messages'] = []
  const keep = onMessage((message: ReceivedMessage, _session: SmtpSession) => {
    messages.push({
      text: latin1(message.octets()),
      from: message.transaction.reversePath?.address ?? null,
      to: message.transaction.recipients.map(({ address }) => address),
    })
  })
  const make = protocol === 'smtp' ? createSmtpServer : createLmtpServer
  const server = make({
    hostname: 'mx.example.org',
    random: zeros,
    ...options,
    handlers: [...(options.handlers ?? []), keep],
  })
  return { server, messages }
}

/** No randomness: at the time of a test, every message is `1kdvdna00000000000000`. */
export function zeros(octets: number): Uint8Array {
  return new Uint8Array(octets)
}

/** A store that remembers what was delivered to it; addresses are accounts. */
export interface FakeStore extends MailStore {
  readonly delivered: { readonly account: string; readonly text: string; readonly dedup: string }[]
  readonly staged: string[]
  /** Makes the next delivery to an account fail. */
  readonly failing: Map<string, Error>
  /** What staging throws. */
  stageError: Error | null
}

export function fakeStore(addresses: readonly string[]): FakeStore {
  const store: FakeStore = {
    delivered: [],
    staged: [],
    failing: new Map(),
    stageError: null,
    async open(): Promise<Account> {
      throw new Error('not needed')
    },
    async resolve(address) {
      return addresses.includes(address) ? address : null
    },
    async stage(bytes: Source): Promise<Staged> {
      const pieces: Uint8Array[] = []
      for await (const piece of bytes) {
        if (store.stageError) throw store.stageError
        pieces.push(piece.slice())
      }
      const text = latin1(concat(pieces))
      store.staged.push(text)
      return { blob: String(store.staged.length - 1), size: text.length, expires: 0 }
    },
    async deliver({ staged, to }: Delivery) {
      return to.map(({ account, prefix, dedup }) => {
        const error = store.failing.get(account)
        if (error) return error
        store.delivered.push({
          account,
          text: latin1(prefix ?? new Uint8Array(0)) + store.staged[Number(staged.blob)],
          dedup,
        })
        return { uids: [[1, 1]] as const }
      })
    },
  }
  return store
}
