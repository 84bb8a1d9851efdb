import type { SmtpHandler } from '../session/handler.js'
import { replies } from '../syntax/replies.js'

/** Accepts every message and keeps none: for tests and measurements. */
export function discard(): SmtpHandler {
  const accepted = replies.accepted()
  return { name: 'discard', message: () => accepted }
}
