/** What all kinds of reports do with their values. */

import { formatDate } from '../compose/date.js'
import { parseDate } from '../header/date.js'
import type { ReportField, WrittenField } from './field-groups.js'

/** How a report part is written. */
export interface WriteReportOptions {
  /** For a `message/global-...` part (RFC 6533): addresses stay UTF-8. Default false: they are encoded in ASCII. */
  global?: boolean
}

/** Leaves out what is undefined, so that absent values are absent properties. */
export function present<T extends object>(values: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}

/** The date of a field; undefined without one that can be read. */
export function readDate(text: string | undefined): Date | undefined {
  const date = text === undefined ? null : parseDate(text)
  return date ? new Date(date.time) : undefined
}

export function writtenDate(date: Date | undefined): string | undefined {
  return date && formatDate(date)
}

export function writtenFields(fields: readonly ReportField[] | undefined): WrittenField[] {
  return (fields ?? []).map(({ name, value }) => [name, value])
}
