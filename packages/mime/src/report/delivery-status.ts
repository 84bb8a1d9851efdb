/** Delivery status notifications: `message/delivery-status` (RFC 3464) and its international twin (RFC 6533). */

import { lowerCase } from '../ascii.js'
import {
  DEFAULT_REPORT_LIMITS,
  type FieldGroup,
  fieldOf,
  otherFields,
  type ReportField,
  type ReportLimits,
  readFieldGroups,
  type WrittenField,
  writeFieldGroups,
} from './field-groups.js'
import {
  readTyped,
  readTypedAddress,
  type TypedValue,
  withoutComments,
  writeTyped,
  writeTypedAddress,
} from './typed-values.js'
import { present, readDate, type WriteReportOptions, writtenDate, writtenFields } from './values.js'

/** What was done (RFC 3464 §2.3.3). */
export type DeliveryAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

const ACTIONS: ReadonlySet<string> = new Set(['failed', 'delayed', 'delivered', 'relayed', 'expanded'])

/** What became of the message for one recipient (RFC 3464 §2.3). */
export interface RecipientStatus {
  /** The address as the sender wrote it (ORCPT), decoded. */
  originalRecipient?: TypedValue
  /** The address that delivery was tried to. Absent in a report that was read only if the report lacks it. */
  finalRecipient?: TypedValue
  /** Absent in a report that was read only if the report has none of the five. */
  action?: DeliveryAction
  /** Enhanced status code (RFC 3463), such as `5.1.1`. */
  status?: string
  /** The host that gave the diagnostic; type `dns`. */
  remoteMta?: TypedValue
  /** Type `smtp`: the reply, code and text. */
  diagnosticCode?: TypedValue
  lastAttemptDate?: Date
  finalLogId?: string
  willRetryUntil?: Date
  /** Fields that are not among the above, such as `X-...`; names in lower case when read. */
  otherFields?: readonly ReportField[]
}

/** A delivery status notification (RFC 3464 §2.2). */
export interface DeliveryStatus {
  /** ENVID of the message, decoded. */
  originalEnvelopeId?: string
  /** The host that reports; type `dns`. Absent in a report that was read only if the report lacks it. */
  reportingMta?: TypedValue
  dsnGateway?: TypedValue
  receivedFromMta?: TypedValue
  arrivalDate?: Date
  otherFields?: readonly ReportField[]
  recipients: readonly RecipientStatus[]
}

const MESSAGE_FIELDS = new Set([
  'original-envelope-id',
  'reporting-mta',
  'dsn-gateway',
  'received-from-mta',
  'arrival-date',
])
const RECIPIENT_FIELDS = new Set([
  'original-recipient',
  'final-recipient',
  'action',
  'status',
  'remote-mta',
  'diagnostic-code',
  'last-attempt-date',
  'final-log-id',
  'will-retry-until',
])

const KNOWN_FIELDS = new Set([...MESSAGE_FIELDS, ...RECIPIENT_FIELDS])

function nonEmpty(fields: ReportField[]): readonly ReportField[] | undefined {
  return fields.length > 0 ? fields : undefined
}

function isRecipientGroup(group: FieldGroup): boolean {
  return group.some(({ name }) => RECIPIENT_FIELDS.has(name))
}

/** RFC 3463 §2: `class.subject.detail`, out of what may stand around it. */
function readStatus(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [status = ''] = withoutComments(text).split(' ')
  const numbers = status.split('.')
  const isCode = numbers.length === 3 && numbers.every((part) => part.length > 0 && part.length <= 3 && isDigits(part))
  return isCode && '245'.includes(numbers[0]!) ? status : undefined
}

function isDigits(text: string): boolean {
  for (const character of text) if (character < '0' || character > '9') return false
  return true
}

function readAction(text: string | undefined): DeliveryAction | undefined {
  const [action = ''] = lowerCase(withoutComments(text ?? '')).split(' ')
  return ACTIONS.has(action) ? (action as DeliveryAction) : undefined
}

function readRecipient(group: FieldGroup): RecipientStatus {
  return present<RecipientStatus>({
    originalRecipient: readTypedAddress(fieldOf(group, 'original-recipient')),
    finalRecipient: readTypedAddress(fieldOf(group, 'final-recipient')),
    action: readAction(fieldOf(group, 'action')),
    status: readStatus(fieldOf(group, 'status')),
    remoteMta: readTyped(fieldOf(group, 'remote-mta'), 'dns'),
    diagnosticCode: readTyped(fieldOf(group, 'diagnostic-code'), 'smtp'),
    lastAttemptDate: readDate(fieldOf(group, 'last-attempt-date')),
    finalLogId: fieldOf(group, 'final-log-id'),
    willRetryUntil: readDate(fieldOf(group, 'will-retry-until')),
    otherFields: nonEmpty(otherFields(group, KNOWN_FIELDS)),
  })
}

/**
 * Reads the decoded body of a `message/delivery-status` or `message/global-delivery-status` part. Never throws: what
 * cannot be read is absent. A report whose first group is about a recipient has no fields about the message.
 */
export function readDeliveryStatus(bytes: Uint8Array, limits: ReportLimits = DEFAULT_REPORT_LIMITS): DeliveryStatus {
  const groups = readFieldGroups(bytes, limits)
  // Some reports leave out the empty line behind the first group; then its fields belong to both.
  const message = groups[0] && !isRecipientGroup(groups[0].slice(0, 1)) ? groups[0] : []
  const recipients = groups.filter((group, index) => index > 0 || isRecipientGroup(group)).map(readRecipient)
  const others = isRecipientGroup(message) ? [] : otherFields(message, KNOWN_FIELDS)
  return present<DeliveryStatus>({
    originalEnvelopeId: fieldOf(message, 'original-envelope-id'),
    reportingMta: readTyped(fieldOf(message, 'reporting-mta'), 'dns'),
    dsnGateway: readTyped(fieldOf(message, 'dsn-gateway'), 'dns'),
    receivedFromMta: readTyped(fieldOf(message, 'received-from-mta'), 'dns'),
    arrivalDate: readDate(fieldOf(message, 'arrival-date')),
    otherFields: nonEmpty(others),
    recipients,
  })
}

function recipientFields(recipient: RecipientStatus, global: boolean): WrittenField[] {
  return [
    ['Original-Recipient', writeTypedAddress(recipient.originalRecipient, global)],
    ['Final-Recipient', writeTypedAddress(recipient.finalRecipient, global)],
    ['Action', recipient.action],
    ['Status', recipient.status],
    ['Remote-MTA', writeTyped(recipient.remoteMta)],
    ['Diagnostic-Code', writeTyped(recipient.diagnosticCode)],
    ['Last-Attempt-Date', writtenDate(recipient.lastAttemptDate)],
    ['Final-Log-ID', recipient.finalLogId],
    ['Will-Retry-Until', writtenDate(recipient.willRetryUntil)],
    ...writtenFields(recipient.otherFields),
  ]
}

/** The body of the part. Throws ComposeError for values with CR, LF or NUL. */
export function writeDeliveryStatus(status: DeliveryStatus, options: WriteReportOptions = {}): Uint8Array {
  const global = options.global === true
  const message: WrittenField[] = [
    ['Original-Envelope-Id', status.originalEnvelopeId],
    ['Reporting-MTA', writeTyped(status.reportingMta)],
    ['DSN-Gateway', writeTyped(status.dsnGateway)],
    ['Received-From-MTA', writeTyped(status.receivedFromMta)],
    ['Arrival-Date', writtenDate(status.arrivalDate)],
    ...writtenFields(status.otherFields),
  ]
  const recipients = status.recipients.map((recipient) => recipientFields(recipient, global))
  const hasMessageFields = message.some(([, value]) => value !== undefined)
  return writeFieldGroups(hasMessageFields ? [message, ...recipients] : recipients)
}
