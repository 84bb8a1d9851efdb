/** UIDBATCHES (RFC 10022): ranges of UIDs that cut a mailbox into batches of so many messages, the newest first. */
import type { Cursor } from '../../syntax/cursor.js'
import { bad, no, ok, type Status } from '../../syntax/status.js'
import type { Command, ImapExtension } from '../extension.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'

/** Messages of a batch at least (RFC 10022: a server allows 500 or less). */
const SMALLEST = 500
/** Messages that one command may cut up at most (RFC 10022: 100,000 or more). */
const MOST = 10_000_000

interface BatchArgs {
  readonly size: number
  /** Which batches, from 1; `null`: all. */
  readonly wanted: readonly [number, number] | null
}

function parse(cursor: Cursor): BatchArgs {
  cursor.space()
  const size = cursor.nzNumber('Batch size')
  if (!cursor.more()) return { size, wanted: null }
  const first = cursor.nzNumber('Batch')
  cursor.expect(':')
  return { size, wanted: [first, cursor.nzNumber('Batch')] }
}

/** `215295:99696,99695:1`: no UID is left out, so that what comes into no batch now cannot be missed. */
function rangesOf(view: MailboxView, size: number, [first, last]: readonly [number, number]): string {
  const ranges: string[] = []
  const { count } = view
  let high = view.lastUid
  for (let batch = 1; batch <= last && high > 0; batch++) {
    const below = count - batch * size
    // The lowest batch reaches down to 1; each other ends where the next begins.
    const low = below <= 0 ? 1 : view.uidAt(below) + 1
    if (batch >= first) ranges.push(`${high}:${low}`)
    high = low - 1
  }
  return ranges.join(',')
}

function run({ view, out, tag }: ImapSession, { size, wanted }: BatchArgs): Status {
  if (wanted && wanted[0] > wanted[1]) return bad('The first batch stands first', 'CLIENTBUG')
  if (size < SMALLEST) return no(`A batch has ${SMALLEST} messages at least`, 'TOOFEW')
  const messages = wanted ? (wanted[1] - wanted[0] + 1) * size : view.count
  if (messages > MOST) return no(`${MOST} messages at most`, 'TOOMANY')
  const ranges = rangesOf(view, size, wanted ?? [1, Number.POSITIVE_INFINITY])
  out
    .text('* UIDBATCHES (TAG ')
    .string(tag)
    .line(ranges === '' ? ')' : `) ${ranges}`)
  return ok('UIDBATCHES completed')
}

const uidBatchesCommand: Command<BatchArgs> = { name: 'UIDBATCHES', states: ['selected'], parse, run }

/** UIDBATCHES. */
export const uidBatches: ImapExtension = {
  name: 'UIDBATCHES',
  capabilities: ['UIDBATCHES'],
  commands: [uidBatchesCommand as Command],
}
