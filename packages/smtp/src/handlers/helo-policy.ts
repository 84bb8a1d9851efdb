import type { SmtpHandler } from '../session/handler.js'
import { isGreetingName } from '../syntax/command.js'
import { reply } from '../syntax/reply.js'
import { domainKey } from './domains.js'

/** What `heloPolicy` takes; everything has a default. */
export interface HeloPolicyOptions {
  /** Refuse names that are neither a domain nor an address literal. Default: true. */
  readonly wellFormed?: boolean
  /** Refuse names without a dot. Default: false: machines of a local network have such names. */
  readonly qualified?: boolean
  /** Refuse clients that call themselves by this server's name. Default: true. */
  readonly notOurs?: boolean
}

/**
 * Refuses greetings of programs that are no mail servers, for a server that takes mail from others: mail clients
 * of users greet as they like (RFC 5321 §4.1.4), so it leaves clients on this machine alone and is not for submission.
 */
export function heloPolicy(options: HeloPolicyOptions = {}): SmtpHandler {
  const { wellFormed = true, qualified = false, notOurs = true } = options
  return {
    name: 'helo-policy',
    helo(name, session) {
      if (session.loopback) return undefined
      if (wellFormed && !isGreetingName(name)) return reply(550, '5.7.1', 'Say your name: a domain or [address]')
      if (qualified && !name.includes('.') && !name.startsWith('[')) return reply(550, '5.7.1', 'Say your full name')
      if (notOurs && domainKey(name) === domainKey(session.hostname)) return reply(550, '5.7.1', 'That is our name')
      return undefined
    },
  }
}
