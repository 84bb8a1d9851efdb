/** Feedback reports, "spam complaints": `message/feedback-report` (RFC 5965). */

import { lowerCase, trimBlanks } from '../ascii.js'
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
import { readTyped, type TypedValue, withoutComments, writeTyped } from './typed-values.js'
import { present, readDate, writtenDate, writtenFields } from './values.js'

/** A feedback report (RFC 5965 §3). */
export interface FeedbackReport {
  /** In lower case: `abuse`, `fraud`, `virus`, `not-spam`, `auth-failure`, `other` or another one. */
  feedbackType: string
  /** Absent in a report that was read only if the report lacks it. */
  userAgent?: string
  /** Of the format; `1`. */
  version?: string
  originalEnvelopeId?: string
  /** Without angle brackets; empty for the null reverse path. */
  originalMailFrom?: string
  arrivalDate?: Date
  reportingMta?: TypedValue
  sourceIp?: string
  /** Number of like incidents that the report stands for. */
  incidents?: number
  authenticationResults?: readonly string[]
  /** Without angle brackets. */
  originalRcptTo?: readonly string[]
  reportedDomains?: readonly string[]
  reportedUris?: readonly string[]
  otherFields?: readonly ReportField[]
}

const FIELDS = new Set([
  'feedback-type',
  'user-agent',
  'version',
  'original-envelope-id',
  'original-mail-from',
  'arrival-date',
  'received-date',
  'reporting-mta',
  'source-ip',
  'incidents',
  'authentication-results',
  'original-rcpt-to',
  'reported-domain',
  'reported-uri',
])

function bare(path: string): string {
  const text = trimBlanks(path)
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text
}

function list(group: FieldGroup, name: string, read: (value: string) => string): string[] | undefined {
  const values = group.filter((field) => field.name === name).map((field) => read(field.value))
  return values.length > 0 ? values : undefined
}

function readCount(text: string | undefined): number | undefined {
  const value = withoutComments(text ?? '')
  if (value === '' || value.length > 10) return undefined
  for (const digit of value) if (digit < '0' || digit > '9') return undefined
  return Number(value)
}

/** Reads the decoded body of the part. Never throws: what cannot be read is absent; the type is then `other`. */
export function readFeedbackReport(bytes: Uint8Array, limits: ReportLimits = DEFAULT_REPORT_LIMITS): FeedbackReport {
  const group = readFieldGroups(bytes, limits).flat()
  const optional = (name: string, read: (value: string) => string): string | undefined => {
    const value = fieldOf(group, name)
    return value === undefined ? undefined : read(value)
  }
  const others = otherFields(group, FIELDS)
  return present<FeedbackReport>({
    feedbackType: lowerCase(optional('feedback-type', withoutComments) ?? '') || 'other',
    userAgent: fieldOf(group, 'user-agent'),
    version: optional('version', withoutComments),
    originalEnvelopeId: fieldOf(group, 'original-envelope-id'),
    originalMailFrom: optional('original-mail-from', (value) => bare(withoutComments(value))),
    // RFC 5965 §3.2: `Received-Date` is the older name.
    arrivalDate: readDate(fieldOf(group, 'arrival-date') ?? fieldOf(group, 'received-date')),
    reportingMta: readTyped(fieldOf(group, 'reporting-mta'), 'dns'),
    sourceIp: optional('source-ip', withoutComments),
    incidents: readCount(fieldOf(group, 'incidents')),
    authenticationResults: list(group, 'authentication-results', (value) => value),
    originalRcptTo: list(group, 'original-rcpt-to', (value) => bare(withoutComments(value))),
    reportedDomains: list(group, 'reported-domain', withoutComments),
    reportedUris: list(group, 'reported-uri', (value) => value),
    otherFields: others.length > 0 ? others : undefined,
  })
}

function repeated(name: string, values: readonly string[] | undefined): WrittenField[] {
  return (values ?? []).map((value) => [name, value])
}

/** The body of the part. Throws ComposeError for values with CR, LF or NUL. */
export function writeFeedbackReport(report: FeedbackReport): Uint8Array {
  const { originalMailFrom, originalRcptTo, arrivalDate, incidents } = report
  return writeFieldGroups([
    [
      ['Feedback-Type', report.feedbackType],
      ['User-Agent', report.userAgent],
      ['Version', report.version ?? '1'],
      ['Original-Envelope-Id', report.originalEnvelopeId],
      ['Original-Mail-From', originalMailFrom === undefined ? undefined : `<${originalMailFrom}>`],
      ['Arrival-Date', writtenDate(arrivalDate)],
      ['Reporting-MTA', writeTyped(report.reportingMta)],
      ['Source-IP', report.sourceIp],
      ['Incidents', incidents === undefined ? undefined : String(incidents)],
      ...repeated('Authentication-Results', report.authenticationResults),
      ...repeated(
        'Original-Rcpt-To',
        originalRcptTo?.map((path) => `<${path}>`),
      ),
      ...repeated('Reported-Domain', report.reportedDomains),
      ...repeated('Reported-URI', report.reportedUris),
      ...writtenFields(report.otherFields),
    ],
  ])
}
