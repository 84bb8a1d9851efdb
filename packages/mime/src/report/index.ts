/** `@posthouse/mime/report`: delivery status, disposition and feedback reports, read and written. */

export {
  type DeliveryAction,
  type DeliveryStatus,
  type RecipientStatus,
  readDeliveryStatus,
  writeDeliveryStatus,
} from './delivery-status.js'
export {
  type Disposition,
  type DispositionNotification,
  readDispositionNotification,
  writeDispositionNotification,
} from './disposition-notification.js'
export { type FeedbackReport, readFeedbackReport, writeFeedbackReport } from './feedback-report.js'
export { DEFAULT_REPORT_LIMITS, type ReportField, type ReportLimits } from './field-groups.js'
export { deliveryStatusReport, dispositionReport, feedbackReport, type ReportOptions } from './parts.js'
export type { TypedValue } from './typed-values.js'
export type { WriteReportOptions } from './values.js'
