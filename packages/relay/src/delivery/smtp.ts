/** One attempt at one job over SMTP or LMTP: server after server, until one has talked about the message. */
import { type RecipientOutcome, SmtpClientError } from '@posthouse/smtp'
import type { ClaimedJob } from '../queue/types.js'
import { type JobContent, mailOf } from './mail.js'
import { type Attempt, type Outcome, outcomeOfError, ownFailure, replyText } from './outcome.js'
import type { ServerPools } from './pools.js'
import type { SessionTarget } from './session.js'

export interface SmtpAttemptOptions {
  readonly pools: ServerPools
  /** In order. */
  readonly targets: readonly SessionTarget[]
  /** Addresses that are tried at most. */
  readonly maxTries: number
  readonly signal: AbortSignal
  readonly now: () => number
}

/** Never rejects. */
export async function attemptBySmtp(
  job: ClaimedJob,
  content: JobContent,
  options: SmtpAttemptOptions,
): Promise<Attempt> {
  const { pools, targets, maxTries, signal, now } = options
  const outcomes: (Outcome | null)[] = job.recipients.map(() => null)
  let waiting = job.recipients.map((recipient, index) => ({ recipient, index }))
  let alive = false
  let full = 0
  let tries = 0
  let last: Outcome = {
    type: 'deferred',
    failure: ownFailure('4.4.1', 'no server could be tried', now()),
  }
  for (const target of targets) {
    if (waiting.length === 0 || tries >= maxTries || signal.aborted) break
    const mail = mailOf(
      job,
      content,
      waiting.map(({ recipient }) => recipient),
      now(),
    )
    const sending = pools.send(target, mail, { signal })
    if (!sending) {
      full++
      continue
    }
    tries++
    const remote = remoteName(target)
    let dropped: readonly string[] = []
    let results: readonly RecipientOutcome[]
    try {
      ;({ recipients: results, dropped } = await sending)
    } catch (reason) {
      const error = asClientError(reason)
      // Without a word about recipients there was no transaction: the next server may be in a better state.
      if (error.recipients.length === 0) {
        last = beforeTransaction(error, remote, now())
        continue
      }
      results = error.recipients
    }
    const settled = results.map((result) => outcomeOf(result, target, remote, dropped, now()))
    const again: typeof waiting = []
    waiting.forEach((one, i) => {
      outcomes[one.index] = settled[i]
      if (mayGoElsewhere(results[i])) again.push(one)
    })
    if (results.some(wasHeard)) alive = true
    waiting = again
  }
  const busy = full > 0 && tries === 0
  return {
    outcomes: outcomes.map((outcome) => outcome ?? last),
    destination: alive ? 'alive' : busy || signal.aborted ? 'unknown' : 'dead',
    busy,
  }
}

/** Failing to begin is the server's trouble, not the message's: it may pass, except where the server says it never will. */
function beforeTransaction(error: SmtpClientError, remote: string, at: number): Outcome {
  const outcome = outcomeOfError(error, remote, at)
  if (outcome.type !== 'failed') return outcome
  // RFC 7504 §3, RFC 1846: 521 and 556 say that no mail is taken there, ever.
  if (error.reply?.code === 521 || error.reply?.code === 556) return outcome
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
  }
}

/** The connection was lost before the message was out: nobody has it. */
function mayGoElsewhere(result: RecipientOutcome): boolean {
  if (result.accepted || result.error.mayBeDelivered) return false
  const { code, reply } = result.error
  return reply?.code === 421 || (reply === null && (code === 'connection' || code === 'closed' || code === 'tls'))
}

/** The server has said something about the message, so it is there. */
function wasHeard(result: RecipientOutcome): boolean {
  if (result.accepted || result.error.mayBeDelivered) return true
  const { reply, code } = result.error
  return (reply !== null && reply.code !== 421) || (code !== 'connection' && code !== 'aborted' && code !== 'closed')
}

function remoteName({ host, address, port }: SessionTarget): string {
  const where = port === 25 ? '' : `:${port}`
  return host === address ? `[${address}]${where}` : `${host}${where}`
}

function asClientError(reason: unknown): SmtpClientError {
  if (reason instanceof SmtpClientError) return reason
  return new SmtpClientError('connection', reason instanceof Error ? reason.message : String(reason), { cause: reason })
}
