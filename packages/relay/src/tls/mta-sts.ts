/** Finds and remembers MTA-STS policies (RFC 8461 §3.3, §5.1). */
import { systemTimer } from '@posthouse/smtp'
import type { MaybePromise } from '@posthouse/wire'
import { onAbort } from '../delivery/signal.js'
import type { MailResolver } from '../routing/resolver.js'
import type { TlsFailureType } from './result.js'
import { readStsPolicy, readStsRecord, type StsPolicy } from './sts-policy.js'

/** A policy that was found. */
export interface KnownSts {
  /** The id of the record that announced it. */
  readonly id: string
  readonly policy: StsPolicy
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** Where policies are kept. One that outlives the process keeps its promise to the domain across restarts. */
export interface StsMemory {
  get(domain: string): MaybePromise<KnownSts | undefined>
  set(domain: string, known: KnownSts): MaybePromise<unknown>
}

/** What is known of a domain. */
export interface StsFinding {
  /** `null`: none, or none that could be had. */
  readonly policy: StsPolicy | null
  /** Why a policy that is announced could not be had; an older one may be in force. */
  readonly trouble: { readonly type: TlsFailureType; readonly text: string } | null
  /** DNS did not say whether there is a policy, and none is remembered. */
  readonly unknown: boolean
}

export interface StsOptions {
  readonly resolver: MailResolver
  /** Must verify certificates. `fetch` of the runtime is one. */
  readonly fetch: typeof fetch
  readonly now: () => number
  /** Default: in memory, 10,000 domains. */
  readonly memory?: StsMemory
}

/** Octets of a policy at most (§3.2 recommends this). */
const MAX_SIZE = 65_536
/** ms for fetching one (§3.3: a minute). */
const TIMEOUT = 60_000
/** ms until it is tried again when it could not be had (§3.3). */
const PAUSE = 300_000
/** The part of its life that a policy has left when it is fetched anew. */
const RENEWAL = 0.5
/** Domains that are remembered. */
const MAX_DOMAINS = 10_000

const NOTHING: StsFinding = { policy: null, trouble: null, unknown: true }

/** Finds the policy of a domain; never rejects. `signal`: what is being fetched, also for later, is of no use any more. */
export type StsFinder = (domain: string, signal?: AbortSignal) => Promise<StsFinding>

type Got = StsPolicy | NonNullable<StsFinding['trouble']>

/** Makes a finder. */
export function createStsFinder({ resolver, fetch, now, memory = new Map<string, KnownSts>() }: StsOptions): StsFinder {
  const failures = new Map<string, { readonly finding: StsFinding; readonly id: string; readonly until: number }>()
  /** One fetch at a time for a domain and the id of its record: what was asked for before that changed may be the old policy. */
  const fetching = new Map<string, { readonly result: Promise<Got>; readonly signal: AbortSignal | undefined }>()

  async function find(domain: string, signal: AbortSignal | undefined): Promise<StsFinding> {
    const kept = await memory.get(domain)
    const known = kept && kept.expires > now() ? kept : null
    const old = known?.policy ?? null
    let id: string | null
    try {
      id = readStsRecord((await resolver.txt?.(`_mta-sts.${domain}`))?.records ?? [])
    } catch {
      // §5.1: an older policy is in force for as long as it holds.
      return { policy: old, trouble: null, unknown: old === null }
    }
    if (id !== null && known?.id === id && known.expires - now() < known.policy.maxAge * 1000 * RENEWAL) {
      // §10.2: whoever can keep us from fetching it must not have it run out. Nobody waits for this.
      refresh(domain, id, old, signal).catch(() => {})
    }
    if (id === null || known?.id === id) return { policy: old, trouble: null, unknown: false }
    return refresh(domain, id, old, signal)
  }

  /** Fetches the policy of a record, where that has not failed just now. `old`: the one in force. */
  async function refresh(
    domain: string,
    id: string,
    old: StsPolicy | null,
    signal: AbortSignal | undefined,
  ): Promise<StsFinding> {
    const failed = failures.get(domain)
    if (failed && failed.id === id && failed.until > now()) return { ...failed.finding, policy: old }
    const key = `${domain} ${id}`
    let running = fetching.get(key)
    if (!running) {
      running = { result: download(domain, fetch, signal).finally(() => fetching.delete(key)), signal }
      fetching.set(key, running)
    }
    const got = await running.result
    if ('mode' in got) {
      failures.delete(domain)
      await memory.set(domain, { id, policy: got, expires: now() + got.maxAge * 1000 })
      if (memory instanceof Map) trim(memory)
      return { policy: got, trouble: null, unknown: false }
    }
    const finding = { policy: old, trouble: got, unknown: false }
    if (running.signal?.aborted) {
      // Whoever has asked first has gone: that says nothing of the domain.
      return signal?.aborted ? finding : refresh(domain, id, old, signal)
    }
    failures.set(domain, { finding, id, until: now() + PAUSE })
    trim(failures)
    return finding
  }

  return async (domain, signal) => {
    try {
      return await find(domain, signal)
    } catch {
      // A memory that fails must not keep mail from being delivered.
      return NOTHING
    }
  }
}

function trim(map: Map<string, unknown>): void {
  if (map.size > MAX_DOMAINS) map.delete(map.keys().next().value as string)
}

async function download(domain: string, get: typeof fetch, signal: AbortSignal | undefined): Promise<Got> {
  const failed = (text: string): NonNullable<StsFinding['trouble']> => ({ type: 'sts-policy-fetch-error', text })
  const stopper = new AbortController()
  const stay = signal && onAbort(signal, () => stopper.abort(signal.reason))
  const forget = systemTimer(() => stopper.abort(new Error('the server of policies is silent')), TIMEOUT)
  try {
    signal?.throwIfAborted()
    const response = await get(`https://mta-sts.${domain}/.well-known/mta-sts.txt`, {
      // §3.3: redirects are not followed.
      redirect: 'error',
      signal: stopper.signal,
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      return failed(`the policy's server answers ${response.status}`)
    }
    const type = (response.headers.get('content-type') ?? '').split(';', 1)[0].trim().toLowerCase()
    if (type !== 'text/plain') {
      await response.body?.cancel()
      return { type: 'sts-policy-invalid', text: `the policy is of the type ${type === '' ? 'nothing' : type}` }
    }
    const text = await readAtMost(response, MAX_SIZE)
    const policy = text === null ? `it is longer than ${MAX_SIZE} octets` : readStsPolicy(text)
    return typeof policy === 'string' ? { type: 'sts-policy-invalid', text: policy } : policy
  } catch (error) {
    return failed(reasonOf(error))
  } finally {
    forget()
    stay?.()
  }
}

async function readAtMost(response: Response, limit: number): Promise<string | null> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += piece.length
    if (length > limit) return null
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

/** `fetch` says what happened in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
