/** One attempt at one job over SMTP or LMTP: server after server, until one has talked about the message. */
import { type RecipientOutcome, SmtpClientError } from '@posthouse/smtp'
import { ConnectionError } from '@posthouse/wire'
import type { ClaimedJob } from '../queue/types.js'
import { type JobContent, mailOf } from './mail.js'
import { type Attempt, type Outcome, outcomeOfError, ownFailure, replyText } from './outcome.js'
import type { ServerPools } from './pools.js'
import type { SessionTarget } from './session.js'
import type { SilentAddresses } from './silence.js'

export interface SmtpAttemptOptions {
  readonly pools: ServerPools
  /** In order. */
  readonly targets: readonly SessionTarget[]
  /** Addresses that are tried at most. */
  readonly maxTries: number
  readonly silent: SilentAddresses
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Never rejects. */
export async function attemptBySmtp(
  job: ClaimedJob,
  content: JobContent,
  options: SmtpAttemptOptions,
): Promise<Attempt> {
  const { pools, targets, maxTries, silent, signal, now } = options
  const outcomes: (Outcome | null)[] = job.recipients.map(() => null)
  let waiting = job.recipients.map((recipient, index) => ({ recipient, index }))
  /** What the last server lacks that the message needs. */
  const lacking = new Map<number, Outcome>()
  /** A server has not been heard. */
  let unheard = false
  let alive = false
  /** A server has left in the middle of the message. */
  let droppedUs = false
  /** The rank of a server that has as many connections as it may: worse ones are not asked in its place. */
  let full = Number.POSITIVE_INFINITY
  let tries = 0
  let last: Outcome = {
    type: 'deferred',
    failure: ownFailure('4.4.1', 'no server could be tried', now()),
  }
  const order = spread(silent.order(targets), maxTries)
  for (let next = 0; next < order.length; ) {
    const target = order[next]
    if (waiting.length === 0 || tries >= maxTries || signal.aborted || target.rank > full) break
    const recipients = waiting.map(({ recipient }) => recipient)
    const remote = remoteName(target)
    let dropped: readonly string[] = []
    let results: readonly RecipientOutcome[]
    try {
      const sent = await pools.send(target, mailOf(job, content, recipients, now()), { signal })
      if (sent === 'busy') {
        full = Math.min(full, target.rank)
        unheard = true
        next++
        continue
      }
      ;({ recipients: results, dropped } = sent)
    } catch (reason) {
      const error = asClientError(reason)
      // Without a word about recipients there was no transaction: the next server may be in a better state.
      if (error.recipients.length === 0) {
        last = beforeTransaction(error, remote, now())
        unheard ||= last.type === 'deferred'
        if (isSilence(error)) silent.add(target)
        if (!hasNoWay(error)) tries++
        next++
        continue
      }
      results = error.recipients
    }
    const settled = results.map((result) => outcomeOf(result, target, remote, dropped, now()))
    const accepted = results.some((result) => result.accepted)
    const left = (wanted: (result: RecipientOutcome) => boolean): typeof waiting =>
      waiting.filter((_, i) => wanted(results[i]))
    const tooMany = accepted ? left(isOneTooMany) : []
    const elsewhere = left(mayGoElsewhere)
    for (const [i, { index }] of waiting.entries()) {
      if (isLacking(results[i])) lacking.set(index, settled[i])
      else outcomes[index] = settled[i]
    }
    silent.delete(target)
    if (results.some(wasHeard)) alive = true
    if (results.some(wasDropped)) droppedUs = true
    // RFC 5321 §4.5.3.1.10: the rest goes in another transaction, as long as each of them takes somebody.
    waiting = tooMany.length > 0 ? tooMany : elsewhere
    if (tooMany.length > 0) continue
    tries++
    next++
  }
  if (signal.aborted) unheard = true
  // RFC 8689 §4.2.1 for REQUIRETLS, RFC 7504 §3 for 521: it is for good when no server of the list may fare better.
  const rest = (index: number): Outcome => {
    const outcome = lacking.get(index) ?? last
    return unheard ? forNow(outcome) : outcome
  }
  const busy = full !== Number.POSITIVE_INFINITY && !alive && outcomes.every((outcome) => outcome === null)
  return {
    outcomes: outcomes.map((outcome, index) => outcome ?? rest(index)),
    destination: alive ? 'alive' : busy || signal.aborted ? 'unknown' : droppedUs ? 'dropped' : 'dead',
    busy,
  }
}

/**
 * RFC 5321 §5.1: every server gets a chance; not all tries are for the many addresses of the first one. Two of each
 * there must be, which are of both kinds: where IPv6 leads nowhere, nobody would be reached else.
 */
function spread(targets: readonly SessionTarget[], maxTries: number): readonly SessionTarget[] {
  const hosts = new Set(targets.map(({ host }) => host)).size
  const share = Math.max(2, Math.floor(maxTries / hosts))
  const seen = new Map<string, number>()
  return targets.filter(({ host }) => {
    const count = (seen.get(host) ?? 0) + 1
    seen.set(host, count)
    return count <= share
  })
}

/** Failing to begin is the server's trouble, not the message's: it may pass, except where the server says it never will. */
function beforeTransaction(error: SmtpClientError, remote: string, at: number): Outcome {
  const outcome = outcomeOfError(error, remote, at)
  // RFC 7504 §3, RFC 1846: 521 and 556 say that no mail is taken there, ever.
  if (error.reply?.code === 521 || error.reply?.code === 556) return outcome
  return forNow(outcome)
}

/** The same failure, as one that may pass. */
function forNow(outcome: Outcome): Outcome {
  if (outcome.type !== 'failed') return outcome
  const { status } = outcome.failure
  return { type: 'deferred', failure: { ...outcome.failure, status: `4${status.slice(1)}` } }
}

function outcomeOf(
  result: RecipientOutcome,
  target: SessionTarget,
  remote: string,
  dropped: readonly string[],
  at: number,
): Outcome {
  if (!result.accepted) return outcomeOfError(result.error, remote, at)
  const final = target.protocol === 'lmtp'
  return {
    type: 'delivered',
    action: final ? 'delivered' : 'relayed',
    status: result.reply.enhanced?.startsWith('2') ? result.reply.enhanced : '2.0.0',
    reply: replyText(result.reply),
    remote,
    notifies: !final && !dropped.includes('DSN'),
    forgetsTime: !final && dropped.includes('DELIVERBY'),
  }
}

/** The server takes no more recipients in one transaction. */
function isOneTooMany(result: RecipientOutcome): boolean {
  if (result.accepted || result.error.command !== 'RCPT') return false
  const { reply } = result.error
  const full = reply?.code === 452 || reply?.code === 552
  return full && (reply.enhanced === null || reply.enhanced === '4.5.3' || reply.enhanced === '5.5.3')
}

/** The server lacks an extension, or room: nothing was sent. */
function isLacking(result: RecipientOutcome): boolean {
  return !result.accepted && result.error.code === 'unsupported'
}

/** Nobody has it: the connection was lost before the message was out, or the server lacks what the message needs. */
function mayGoElsewhere(result: RecipientOutcome): boolean {
  if (isLacking(result)) return true
  if (result.accepted || result.error.mayBeDelivered) return false
  const { code, reply } = result.error
  return reply?.code === 421 || (reply === null && (code === 'connection' || code === 'closed' || code === 'tls'))
}

/** The server has said something about the message, so it is there. */
function wasHeard(result: RecipientOutcome): boolean {
  if (result.accepted || result.error.mayBeDelivered) return true
  const { reply, code } = result.error
  return reply ? reply.code !== 421 : code !== 'connection' && code !== 'aborted' && code !== 'closed'
}

/** A server was there and has left, or fell silent, which may be this one message's doing: others may fare better. */
function wasDropped(result: RecipientOutcome): boolean {
  if (result.accepted) return false
  const { reply, cause } = result.error
  if (reply) return reply.code === 421
  return cause instanceof ConnectionError && (cause.code === 'lost' || cause.code === 'timeout')
}

/** What the system says at once where no way leads: from a machine without IPv6, say. */
const NO_WAY: readonly unknown[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']

/** No server was asked. */
function hasNoWay({ cause }: SmtpClientError): boolean {
  if (!(cause instanceof ConnectionError) || cause.code !== 'connect') return false
  return NO_WAY.includes((cause.cause as { readonly code?: unknown } | null | undefined)?.code)
}

/** Nobody has answered in time, or at all. */
function isSilence({ cause }: SmtpClientError): boolean {
  return cause instanceof ConnectionError && (cause.code === 'timeout' || cause.code === 'connect')
}

function remoteName({ host, address, port }: SessionTarget): string {
  const where = port === 25 ? '' : `:${port}`
  return host === address ? `[${address}]${where}` : `${host}${where}`
}

function asClientError(reason: unknown): SmtpClientError {
  if (reason instanceof SmtpClientError) return reason
  return new SmtpClientError('connection', reason instanceof Error ? reason.message : String(reason), { cause: reason })
}
