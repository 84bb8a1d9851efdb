/** Changes of the envelope that a milter asks for. */
import { type Annotation, annotation, type Mailbox, parsePath, type Recipient, type Transaction } from '@posthouse/smtp'
import type { MilterModification } from '../syntax/index.js'

/** Targets that milters have added to a recipient: they stay when that recipient is deleted. */
const added: Annotation<readonly Mailbox[]> = annotation<readonly Mailbox[]>('added by a milter')

/** Changes the transaction. False when the change cannot be made: the path is none, or there is no such recipient. */
export function editEnvelope(
  transaction: Transaction,
  modification: Extract<MilterModification, { type: 'add-recipient' | 'delete-recipient' | 'change-sender' }>,
): boolean {
  const path = readPath(modification.path)
  if (path === undefined) return false
  if (modification.type === 'change-sender') {
    transaction.reversePath = path
    return true
  }
  if (path === null) return false
  if (modification.type === 'delete-recipient') return deleteRecipient(transaction.recipients, path)
  return addRecipient(transaction.recipients, path)
}

/**
 * The client has been answered for its own recipients only, so one that is added becomes a further target of the
 * first one that is left.
 */
function addRecipient(recipients: readonly Recipient[], mailbox: Mailbox): boolean {
  const host = recipients.find(({ targets }) => targets.length > 0) ?? recipients[0]
  if (!host) return false
  if (recipients.some(({ targets }) => targets.some((target) => same(target, mailbox)))) return true
  host.set(added, [...(host.get(added) ?? []), mailbox])
  retarget(host, [...host.targets, mailbox])
  return true
}

/** A recipient by its own address, or one that was added before. */
function deleteRecipient(recipients: readonly Recipient[], mailbox: Mailbox): boolean {
  let found = false
  for (const recipient of recipients) {
    const own = same(recipient.mailbox, mailbox)
    const others = own ? (recipient.get(added) ?? []) : recipient.targets
    const left = recipient.targets.filter((target) => others.includes(target) && !same(target, mailbox))
    if (own) found = true
    if (left.length === recipient.targets.length) continue
    retarget(recipient, left)
    found = true
  }
  return found
}

/** The accounts of other targets are others. */
function retarget(recipient: Recipient, targets: readonly Mailbox[]): void {
  recipient.targets = targets
  recipient.accounts = targets.length === 0 ? [] : null
}

function same(a: Mailbox, b: Mailbox): boolean {
  return a.localPart === b.localPart && a.domain.toLowerCase() === b.domain.toLowerCase()
}

/** Milters write paths with and without angle brackets; `undefined` when it is none. */
function readPath(text: string): Mailbox | null | undefined {
  const path = text.startsWith('<') ? text : `<${text}>`
  const read = parsePath(path, 0)
  return read.type === 'path' && read.end === path.length ? read.mailbox : undefined
}
