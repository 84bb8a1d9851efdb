import type { CommitResult, Delivery, Op, OpResult, StoreCode } from '@posthouse/store-api'
import type { Guest } from '../viewer.js'
import type { IndexRequest } from './search-index.js'
import type { ChangeNote } from './state.js'

/** What the writer is asked for. Requests are plain data: they may cross a thread. */
export type WriteRequest =
  /** Chunks of a blob; `blob: 0` begins one, `size` ends it. Answer: its number. */
  | {
      readonly type: 'put'
      readonly blob: number
      /** Number of the first chunk given here. */
      readonly first: number
      readonly chunks: readonly Uint8Array[]
      /** Octets in all; absent while more is to come. */
      readonly size?: number
      /** Octets of them that are in the tail. Default: 0. */
      readonly tail?: number
    }
  | { readonly type: 'discard'; readonly blob: number }
  /** A new lease for octets that are there. Answer: how many, or `null` when they are gone. */
  | { readonly type: 'restage'; readonly blob: number }
  | {
      readonly type: 'commit'
      readonly account: number
      readonly guest: Guest | null
      readonly ops: readonly Op[]
      readonly key?: string
    }
  | {
      readonly type: 'deliver'
      readonly delivery: Omit<Delivery, 'staged'>
      /** The name of what was staged, or the octets themselves, one chunk at most. */
      readonly from: string | Uint8Array
    }
  | { readonly type: 'account'; readonly name: string; readonly limit?: QuotaLimit }
  | { readonly type: 'remove'; readonly name: string }
  | { readonly type: 'address'; readonly address: string; readonly account: string | null }
  | {
      readonly type: 'summaries'
      readonly account: number
      readonly rows: readonly { readonly emailId: string; readonly summary: Uint8Array }[]
    }
  /** One step of purging, collecting and trimming. Answer: is there more? */
  | { readonly type: 'maintain' }
  /** Nobody has written for a while: the write-ahead logs are emptied into their files. */
  | { readonly type: 'idle' }
  | IndexRequest
  /** Until this time (ms) no octets are collected: a backup of this name runs. */
  | { readonly type: 'hold'; readonly name: string; readonly until: number }

/** Limits of an account; `null` takes one away, absent leaves it. */
export interface QuotaLimit {
  readonly bytes?: number | null
  readonly messages?: number | null
}

/** What a request is answered with. */
export interface Answers {
  readonly put: number
  readonly discard: null
  readonly restage: number | null
  readonly remove: null
  readonly idle: null
  readonly commit: CommitResult
  readonly deliver: readonly (OpResult | Failure)[]
  readonly account: null
  readonly address: null
  readonly summaries: null
  readonly maintain: boolean
  readonly hold: null
  readonly index: null
}

/** A `StoreError` as plain data. */
export interface Failure {
  readonly code: StoreCode
  readonly message: string
}

/** One answer, in the order of the requests. */
export type Reply = { readonly value: unknown } | { readonly failure: Failure }

/** The answers of a group. `busy` lists the requests (by index) that found the files locked: they go again. */
export interface GroupResult {
  readonly replies: readonly (Reply | null)[]
  readonly notes: readonly ChangeNote[]
}
