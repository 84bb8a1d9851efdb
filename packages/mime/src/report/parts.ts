/** `multipart/report` (RFC 6522): text for people, the report for programs, and the message that it is about. */

import { type MultiPart, multipart, type Part, textPart } from '../compose/part.js'
import { headerEnd } from '../header/fields.js'
import { type DeliveryStatus, writeDeliveryStatus } from './delivery-status.js'
import { type DispositionNotification, writeDispositionNotification } from './disposition-notification.js'
import { type FeedbackReport, writeFeedbackReport } from './feedback-report.js'

/** What stands around the machine-readable part. */
export interface ReportOptions {
  /** For people: what happened and what can be done. */
  text: string
  /** The message that the report is about. */
  original?: Uint8Array
  /** How much of it goes along. Default `headers`: bounces of whole messages grow without end. */
  include?: 'message' | 'headers'
  /** Use the types of RFC 6533, whose addresses and headers may be UTF-8. Default false. */
  global?: boolean
}

function originalPart({ original, include, global }: ReportOptions): Part[] {
  if (!original) return []
  if (include === 'message') return [{ contentType: global ? 'message/global' : 'message/rfc822', body: original }]
  const contentType = global ? 'message/global-headers' : 'text/rfc822-headers'
  return [{ contentType, body: original.subarray(0, headerEnd(original)) }]
}

function report(type: string, contentType: string, body: Uint8Array, options: ReportOptions): MultiPart {
  const parts: Part[] = [textPart(options.text), { contentType, body }, ...originalPart(options)]
  return multipart('report', parts, { 'report-type': type })
}

/** The body of a delivery status notification, for `composeMessage({ body })`. Send it from the null reverse path. */
export function deliveryStatusReport(status: DeliveryStatus, options: ReportOptions): MultiPart {
  const global = options.global === true
  const contentType = global ? 'message/global-delivery-status' : 'message/delivery-status'
  return report('delivery-status', contentType, writeDeliveryStatus(status, { global }), options)
}

/** The body of a disposition notification, for `composeMessage({ body })`. */
export function dispositionReport(notification: DispositionNotification, options: ReportOptions): MultiPart {
  const global = options.global === true
  const contentType = global ? 'message/global-disposition-notification' : 'message/disposition-notification'
  const body = writeDispositionNotification(notification, { global })
  return report('disposition-notification', contentType, body, options)
}

/** The body of a feedback report, for `composeMessage({ body })`. */
export function feedbackReport(feedback: FeedbackReport, options: ReportOptions): MultiPart {
  return report('feedback-report', 'message/feedback-report', writeFeedbackReport(feedback), options)
}
