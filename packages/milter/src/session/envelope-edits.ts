/** Changes of the envelope that a milter asks for. */
import {
  dsnExtension,
  type Mailbox,
  type ParameterReader,
  parseParameters,
  parsePath,
  type Recipient,
  type SmtpSession,
  type Transaction,
} from '@posthouse/smtp'
import type { MilterModification } from '../syntax/index.js'

type EnvelopeEdit = Extract<MilterModification, { type: 'add-recipient' | 'delete-recipient' | 'change-sender' }>

/** ESMTP parameters that mean something for a message that has come in already: NOTIFY and ORCPT; RET and ENVID. */
const dsn = /* @__PURE__ */ dsnExtension()

/** Changes the transaction. Says what of the change is not made: the path is none, there is no such recipient, a parameter. */
export function editEnvelope(transaction: Transaction, edit: EnvelopeEdit, session: SmtpSession): string | undefined {
  const path = readPath(edit.path)
  if (path === undefined) return 'no such address'
  if (edit.type === 'change-sender') {
    transaction.reversePath = path
    return readParameters(edit.parameters, dsn.mailParameters, transaction, session)
  }
  if (edit.type === 'delete-recipient') {
    return path !== null && deleteRecipient(transaction.recipients, path) ? undefined : 'no such address'
  }
  if (path === null) return 'no such address'
  // The client has named it, or a milter has added it before: then its parameters are known.
  if (transaction.recipients.some(({ targets }) => targets.some((target) => same(target, path)))) return undefined
  return readParameters(edit.parameters, dsn.rcptParameters, transaction.addRecipient(path), session)
}

/** What of the parameters is not used. */
function readParameters<Target>(
  text: string | null,
  readers: ReadonlyMap<string, ParameterReader<Target>> | undefined,
  target: Target,
  session: SmtpSession,
): string | undefined {
  const read = parseParameters(` ${text ?? ''}`, 0)
  if (read.type === 'malformed') return `parameters: ${read.message}`
  const unused = [...read.parameters]
    .filter(([name, value]) => !readers?.has(name) || readers.get(name)?.(value, target, session))
    .map(([name]) => name)
  return unused.length === 0 ? undefined : `parameters: ${unused.join(', ')}`
}

/** A recipient by its own address, or by one that stands for it. */
function deleteRecipient(recipients: readonly Recipient[], mailbox: Mailbox): boolean {
  let found = false
  for (const recipient of recipients) {
    const own = same(recipient.mailbox, mailbox)
    const left = own ? [] : recipient.targets.filter((target) => !same(target, mailbox))
    found ||= own || left.length < recipient.targets.length
    if (left.length < recipient.targets.length) retarget(recipient, left)
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
