import type { SmtpHandler, SmtpSession } from '../session/handler.js'
import { reply } from '../syntax/reply.js'

/** What `earlyTalker` takes; everything has a default. */
export interface EarlyTalkerOptions {
  /** ms that the greeting waits. Default: 2,000; clients wait 5 minutes (RFC 5321 §4.5.3.2.1). */
  readonly wait?: number
  /** Who is greeted at once. Default: clients on this machine. */
  readonly exempt?: (session: SmtpSession) => boolean
}

/**
 * Lets the greeting wait a moment and refuses who does not wait for it (RFC 5321 §4.3.1): programs that send without
 * listening are no mail servers. For a server that takes mail from others.
 */
export function earlyTalker(options: EarlyTalkerOptions = {}): SmtpHandler {
  const { wait = 2_000, exempt = (session) => session.loopback } = options
  return {
    name: 'early-talker',
    async connect(session) {
      if (exempt(session)) return undefined
      await session.delay(wait)
      return session.inputWaits ? reply(554, '5.5.0', 'You spoke before the greeting') : undefined
    },
  }
}
