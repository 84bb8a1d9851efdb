/** What a milter wants changed: collected while it speaks, made when it has accepted the message. */
import {
  type ReceivedMessage,
  type RewrittenMessage,
  type RewrittenPiece,
  rewritten,
  type SmtpSession,
} from '@posthouse/smtp'
import { fromLatin1 } from '@posthouse/wire'
import { MilterError } from '../errors.js'
import type { MilterModification } from '../syntax/index.js'
import { editEnvelope } from './envelope-edits.js'
import type { Shown } from './exposure.js'
import type { FilterSetup } from './filtering.js'
import type { TakeModification } from './link.js'
import { createNewBody } from './new-body.js'

const CRLF = fromLatin1('\r\n')

/** Takes the changes of one message; a milter that wants too many of them has failed. */
export function collectChanges(shown: Shown, { limits, name }: FilterSetup, session: SmtpSession): TakeModification {
  let count = 0
  return (modification, refused) => {
    // A body may come in any number of packets: their octets count.
    const counts = refused || modification.type !== 'replace-body'
    if (counts && ++count > limits.modifications) {
      throw new MilterError('protocol', `more than ${limits.modifications} changes`)
    }
    if (refused) return notMade(session, name, modification, 'it is not among the actions that are allowed')
    if (modification.type === 'replace-body') {
      shown.newBody ??= createNewBody(limits.newBody)
      return shown.newBody.add(modification.octets)
    }
    if (modification.type === 'quarantine') shown.quarantine = modification.reason
    else shown.modifications.push(modification)
  }
}

/** Changes the envelope; returns the message as it is now, or nothing when it is as it was. */
export function applyChanges(
  message: ReceivedMessage,
  shown: Shown,
  { name }: FilterSetup,
  session: SmtpSession,
): RewrittenMessage | undefined {
  const { header, newBody } = shown
  for (const modification of shown.modifications) {
    switch (modification.type) {
      case 'add-header':
      case 'insert-header':
      case 'change-header':
        if (!header?.edit(modification)) notMade(session, name, modification, 'no such field can be written')
        break
      case 'add-recipient':
      case 'delete-recipient':
      case 'change-sender': {
        const left = editEnvelope(message.transaction, modification, session)
        if (left !== undefined) notMade(session, name, modification, left)
        break
      }
      default:
    }
  }
  if (!header || (!header.edited && !newBody)) return undefined
  const pieces: RewrittenPiece[] = [header.octets()]
  if (newBody) pieces.push(CRLF, newBody.octets())
  else pieces.push(fromLatin1(header.separator), { start: header.end })
  return rewritten(message, pieces)
}

function notMade(session: SmtpSession, milter: string, { type }: MilterModification, why: string): void {
  session.log({ level: 'warn', event: 'milter.change-not-made', milter, change: type, message: why })
}
