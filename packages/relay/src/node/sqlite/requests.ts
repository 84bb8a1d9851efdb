/** What the engine asks of its file. Values that can be sent to another thread. */
import type {
  Claim,
  ClaimOptions,
  Job,
  JobQuery,
  JobSelector,
  NewMessage,
  QueueStatus,
  Settlement,
} from '../../queue/types.js'

/** A message whose octets are in memory, or in the file already. */
export interface EnqueuedMessage extends Omit<NewMessage, 'octets'> {
  /** Octets. */
  readonly size: number
  readonly octets: Uint8Array | { readonly mid: number }
}

export interface Requests {
  enqueue: { readonly message: EnqueuedMessage }
  /** A place for the octets of a long message. */
  reserve: { readonly id: string }
  chunk: { readonly mid: number; readonly number: number; readonly octets: Uint8Array }
  discard: { readonly mid: number }
  /** `token`: the name of this opening of the queue. */
  start: { readonly token: string; readonly pid: number; readonly host: string }
  alive: { readonly token: string }
  /** Jobs that nobody was told of are free again. `hands`: the others. */
  recover: { readonly token: string; readonly hands: readonly string[] }
  leave: { readonly token: string }
  claim: { readonly token: string; readonly options: ClaimOptions }
  settle: {
    readonly token: string
    readonly settlement: Omit<Settlement, 'notices'> & { readonly notices: readonly EnqueuedMessage[] }
  }
  read: { readonly message: string; readonly number: number }
  hold: { readonly which: JobSelector }
  release: { readonly which: JobSelector; readonly at: number }
  /** Destinations of these jobs are not left alone any more. */
  unblock: { readonly which: JobSelector }
  cancel: { readonly which: JobSelector }
  list: { readonly query: JobQuery }
  status: Record<never, never>
}

export interface Answers {
  enqueue: null
  reserve: number
  chunk: null
  discard: null
  /** The process that has the queue; `null`: it is ours now. */
  start: { readonly pid: number; readonly host: string; readonly seen: number } | null
  /** Was the clock set back? Then there may be something to claim. */
  alive: boolean
  recover: null
  leave: null
  claim: Claim
  settle: null
  /** `null`: there are no more. */
  read: Uint8Array | null
  hold: number
  release: number
  unblock: null
  cancel: number
  list: readonly Job[]
  status: QueueStatus
}

export type RequestType = keyof Requests
export type Request = { [T in RequestType]: { readonly type: T } & Requests[T] }[RequestType]

/** The answer to one request. */
export type Reply =
  | { readonly value: Answers[RequestType] }
  | { readonly failure: { readonly code: string; readonly message: string } }
