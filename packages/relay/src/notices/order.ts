/** A notice as a message of the queue's own. */
import { parseMailbox } from '@posthouse/smtp'
import { concat } from '@posthouse/wire'
import type { NoticeOrder } from '../delivery/conclude.js'
import { RelayError } from '../errors.js'
import type { RelayEvent } from '../events.js'
import type { RelayLimits } from '../limits.js'
import type { ClaimedJob, JobEngine, NewMessage } from '../queue/types.js'
import { isAscii } from '../routing/names.js'
import type { Router } from '../routing/router.js'
import { prepare } from '../submission.js'
import { peekHeader } from './header.js'
import { composeNotice } from './notice.js'

export interface NoticeContext {
  readonly engine: Pick<JobEngine, 'read'>
  readonly router: Router
  readonly hostname: string
  readonly limits: RelayLimits
  readonly now: number
  readonly createId: () => string
}

/** Writes the notice; without a message where there is nobody to tell. */
export async function noticeMessage(
  { kind, recipients }: NoticeOrder,
  job: ClaimedJob,
  context: NoticeContext,
): Promise<{ readonly message: NewMessage | null; readonly event: RelayEvent }> {
  const { hostname, limits, now, createId, router } = context
  const { message } = job
  const { reversePath, ret } = message.envelope
  const nobody = (): { readonly message: null; readonly event: RelayEvent } => ({
    message: null,
    event: {
      type: 'notice.nobody',
      kind,
      about: message.id,
      recipients: recipients.map(({ recipient }) => recipient.address),
    },
  })
  // RFC 5321 §6.1: a notice about a notice would be the first of a long row.
  if (reversePath === null || !parseMailbox(reversePath)) return nobody()
  // RFC 3461 §4.3: RET is about failures; others return the header.
  // RFC 8689 §5: of a message with REQUIRETLS nothing but the header, and that on the same terms.
  const { requireTls, smtputf8, body } = message.envelope
  // Binary octets are not for every server, and a notice must get there.
  const mayReturn = !requireTls && body !== 'BINARYMIME' && message.size <= limits.returned
  const whole = kind === 'failure' && ret === 'FULL' && mayReturn
  const original = await originalOf(job, context, whole)
  let octets: Uint8Array
  try {
    octets = await composeNotice({
      ...{ kind, message, recipients, hostname, now, createId, whole, original },
      until: job.expires,
    })
  } catch (error) {
    // It would fail again and again, and with it to write down who has the message: they would get it twice.
    return { message: null, event: { type: 'trouble', error } }
  }
  try {
    const { message: notice } = await prepare(
      {
        envelope: { reversePath: null, smtputf8: smtputf8 || !isAscii(reversePath), requireTls, body: '8BITMIME' },
        recipients: [reversePath],
        message: octets,
      },
      { router, limits, now, createId },
    )
    return { message: notice, event: { type: 'notice', kind, message: notice.id, about: message.id, to: reversePath } }
  } catch (error) {
    // The sender's address is one of ours, and there is no such user. Anything else may pass: the notice is not lost.
    if (error instanceof RelayError && error.code === 'address') return nobody()
    throw error
  }
}

async function originalOf(job: ClaimedJob, { engine, limits }: NoticeContext, whole: boolean): Promise<Uint8Array> {
  const source = job.octets ? [job.octets] : engine.read(job.message.id)
  if (!whole) {
    const { header } = await peekHeader(source, limits.header)
    return concat([header, Uint8Array.of(13, 10)])
  }
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return pieces.length === 0 ? new Uint8Array(0) : concat(pieces)
}
