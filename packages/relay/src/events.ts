import type { NoticeKind } from './notices/notice.js'
import type { Failure } from './queue/types.js'
import type { TlsResult } from './tls/result.js'

/** What happens in a relay, as it happens. */
export type RelayEvent =
  /** A message is in the queue, durably. */
  | {
      readonly type: 'queued'
      readonly message: string
      readonly from: string
      readonly recipients: readonly string[]
    }
  /** An attempt begins. */
  | { readonly type: 'attempt'; readonly message: string; readonly destination: string; readonly number: number }
  | {
      readonly type: 'delivered'
      readonly message: string
      readonly destination: string
      readonly recipient: string
      readonly remote: string | null
      readonly reply: string | null
    }
  | {
      readonly type: 'deferred'
      readonly message: string
      readonly destination: string
      readonly recipient: string
      readonly failure: Failure
      /** When it is tried again: milliseconds since the epoch. */
      readonly next: number
    }
  | {
      readonly type: 'failed'
      readonly message: string
      readonly destination: string
      readonly recipient: string
      readonly failure: Failure
    }
  /** A notice is in the queue. */
  | {
      readonly type: 'notice'
      readonly kind: NoticeKind
      readonly message: string
      readonly about: string
      readonly to: string
    }
  /** A notice would have been due, and there is nobody to tell (RFC 5321 §6.1). */
  | {
      readonly type: 'notice.nobody'
      readonly kind: NoticeKind
      readonly about: string
      readonly recipients: readonly string[]
    }
  /** Nobody answers there: it is left alone for a while. */
  | {
      readonly type: 'destination.blocked'
      readonly destination: string
      readonly until: number
      readonly failure: Failure
    }
  | { readonly type: 'destination.alive'; readonly destination: string }
  /** The queue is ours: deliveries begin. */
  | { readonly type: 'started' }
  /** Another process works on the queue; we wait for our turn (`standby`). */
  | { readonly type: 'standby'; readonly reason: string }
  /** How TLS went with a server: the material of TLS reports (RFC 8460). */
  | ({ readonly type: 'tls' } & TlsResult)
  /** The relay could not do its work, for example because the disk is full. It goes on trying. */
  | { readonly type: 'trouble'; readonly error: unknown }
