/** Message disposition notifications, "read receipts": `message/disposition-notification` (RFC 8098, RFC 6533 §5). */

import { lowerCase, trimBlanks } from '../ascii.js'
import {
  DEFAULT_REPORT_LIMITS,
  type FieldGroup,
  fieldOf,
  otherFields,
  type ReportField,
  type ReportLimits,
  readFieldGroups,
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
import { present, type WriteReportOptions, writtenFields } from './values.js'

/** What was done with the message and by whose will (RFC 8098 §3.2.6). */
export interface Disposition {
  /** Did a person decide what happened to the message? Absent if the report does not say. */
  actionMode?: 'manual' | 'automatic'
  /** Did a person agree to sending this report? Absent if the report does not say. */
  sendingMode?: 'manual' | 'automatic'
  /** In lower case; `displayed`, `deleted`, `dispatched` or `processed`, or another one. */
  type: string
  /** In lower case, such as `error`. */
  modifiers?: readonly string[]
}

/** A disposition notification (RFC 8098 §3.2). */
export interface DispositionNotification {
  /** Name of the reporting program, and its product if it says one: `mail.example.org; Mailer 1.0`. */
  reportingUserAgent?: string
  mdnGateway?: TypedValue
  originalRecipient?: TypedValue
  /** Absent in a report that was read only if the report lacks it. */
  finalRecipient?: TypedValue
  /** With angle brackets. */
  originalMessageId?: string
  /** Absent in a report that was read only if the report lacks it. */
  disposition?: Disposition
  /** Texts of `Error` fields. */
  errors?: readonly string[]
  otherFields?: readonly ReportField[]
}

const FIELDS = new Set([
  'reporting-ua',
  'mdn-gateway',
  'original-recipient',
  'final-recipient',
  'original-message-id',
  'disposition',
  'error',
])

/** `manual-action/MDN-sent-manually; displayed/error` */
function readDisposition(text: string | undefined): Disposition | undefined {
  if (text === undefined) return undefined
  const value = lowerCase(withoutComments(text))
  const semicolon = value.indexOf(';')
  const modes = value.slice(0, Math.max(0, semicolon))
  const [type = '', modifiers = ''] = splitOnce(value.slice(semicolon + 1), '/')
  const [action, sending] = splitOnce(modes, '/')
  const list = modifiers.split(',').map((modifier) => trimBlanks(modifier))
  const named = list.filter((modifier) => modifier !== '')
  return present<Disposition>({
    actionMode: action === 'manual-action' ? 'manual' : action === 'automatic-action' ? 'automatic' : undefined,
    sendingMode:
      sending === 'mdn-sent-manually' ? 'manual' : sending === 'mdn-sent-automatically' ? 'automatic' : undefined,
    type,
    modifiers: named.length > 0 ? named : undefined,
  })
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at === -1 ? [trimBlanks(text), ''] : [trimBlanks(text.slice(0, at)), trimBlanks(text.slice(at + 1))]
}

function allOf(group: FieldGroup, name: string): string[] | undefined {
  const values = group.filter((field) => field.name === name).map((field) => field.value)
  return values.length > 0 ? values : undefined
}

/** Reads the decoded body of the part. Never throws: what cannot be read is absent. */
export function readDispositionNotification(
  bytes: Uint8Array,
  limits: ReportLimits = DEFAULT_REPORT_LIMITS,
): DispositionNotification {
  const group = readFieldGroups(bytes, limits)[0] ?? []
  const others = otherFields(group, FIELDS)
  return present<DispositionNotification>({
    reportingUserAgent: fieldOf(group, 'reporting-ua'),
    mdnGateway: readTyped(fieldOf(group, 'mdn-gateway'), 'dns'),
    originalRecipient: readTypedAddress(fieldOf(group, 'original-recipient')),
    finalRecipient: readTypedAddress(fieldOf(group, 'final-recipient')),
    originalMessageId: fieldOf(group, 'original-message-id'),
    disposition: readDisposition(fieldOf(group, 'disposition')),
    errors: allOf(group, 'error'),
    otherFields: others.length > 0 ? others : undefined,
  })
}

function writeDisposition(disposition: Disposition | undefined): string | undefined {
  if (!disposition) return undefined
  const { actionMode = 'manual', sendingMode = 'manual', type, modifiers = [] } = disposition
  const sent = sendingMode === 'manual' ? 'MDN-sent-manually' : 'MDN-sent-automatically'
  const suffix = modifiers.length > 0 ? `/${modifiers.join(',')}` : ''
  return `${actionMode}-action/${sent}; ${type}${suffix}`
}

/** The body of the part. Throws ComposeError for values with CR, LF or NUL. */
export function writeDispositionNotification(
  notification: DispositionNotification,
  options: WriteReportOptions = {},
): Uint8Array {
  const global = options.global === true
  return writeFieldGroups([
    [
      ['Reporting-UA', notification.reportingUserAgent],
      ['MDN-Gateway', writeTyped(notification.mdnGateway)],
      ['Original-Recipient', writeTypedAddress(notification.originalRecipient, global)],
      ['Final-Recipient', writeTypedAddress(notification.finalRecipient, global)],
      ['Original-Message-ID', notification.originalMessageId],
      ['Disposition', writeDisposition(notification.disposition)],
      ...(notification.errors ?? []).map((text) => ['Error', text] as const),
      ...writtenFields(notification.otherFields),
    ],
  ])
}
