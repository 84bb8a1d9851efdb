/** What a session has done to the list of mailboxes itself: its client knows of it (RFC 5465 §5). */
import { type CommitResult, type MailboxId, type MailboxInfo, mailboxPathKey, type Op } from '@posthouse/store-api'
import { normalForm } from '../mailboxes.js'

/** Notes it in what the client knows, so that only what others have changed is found different. */
export function noteOwn(
  known: Map<MailboxId, MailboxInfo>,
  ops: readonly Op[],
  { results, modseq }: CommitResult,
): void {
  for (const [i, op] of ops.entries()) {
    if (op.op === 'create') {
      const { mailbox: id, uidValidity = 1 } = results[i]
      const fresh = { uidValidity, uidNext: 1, modseq, messages: 0, unseen: 0, subscribed: false }
      if (id !== undefined) known.set(id, { id, path: normalForm(op.path), ...fresh })
    } else if (op.op === 'drop') {
      known.delete(op.id)
    } else if (op.op === 'mailbox') {
      const before = known.get(op.id)
      if (before && op.path) known.set(op.id, { ...before, path: normalForm(op.path) })
    } else if (op.op === 'subscribe') {
      const key = mailboxPathKey(normalForm(op.path))
      for (const [id, before] of known) {
        if (mailboxPathKey(before.path) === key) known.set(id, { ...before, subscribed: op.on })
      }
    }
  }
}
