/** Scripted faults of SMTP: most are a handler before all others, the rest is done on the wire. */
import { type Reply, reply, type SmtpEvent, type SmtpHandler, type SmtpSession } from '@posthouse/smtp'
import type { FaultAction, ScriptBook, SmtpStep } from './script.js'
import { type Controls, type Dialect, gone } from './wire.js'

/** What the handler performs itself. */
const IN_HANDLER: readonly FaultAction['type'][] = ['reply', 'delay', 'stall', 'raw', 'drop', 'throttle', 'run']

/** The handler that performs scripts. `controls`: of the connection with this id. */
export function smtpFaults(book: ScriptBook, controls: (id: string) => Controls | undefined): SmtpHandler {
  async function at(step: SmtpStep, argument: string, session: SmtpSession): Promise<Reply | undefined> {
    if (book.empty) return undefined
    const situation = { argument, remote: session.remote.address }
    const action = book.take('smtp', step, situation, IN_HANDLER)
    const wire = controls(session.id)
    switch (action?.type) {
      case 'reply':
        return action.reply
      case 'delay':
        await session.delay(action.ms)
        return undefined
      case 'run':
        await action.run()
        return undefined
      case 'stall':
        await gone(session)
        return undefined
      case 'throttle':
        wire?.throttle(action.octetsPerSecond)
        return undefined
      case 'drop':
        wire?.drop(action.after, action.of)
        if (action.after === 0) await gone(session)
        return undefined
      case 'raw':
        await wire?.replace(action.pieces)
        // Said to nobody: the octets stand in its place.
        return reply(250, null, 'replaced')
      default:
        return undefined
    }
  }

  return {
    name: 'scripted-faults',
    connect: (session) => at('greeting', '', session),
    helo: (name, session) => at('ehlo', name, session),
    auth: (mechanism, session) => at('auth', mechanism, session),
    mail: ({ reversePath }, session) => at('mail', reversePath?.address ?? '', session),
    rcpt: ({ address }, _transaction, session) => at('rcpt', address, session),
    data: (_transaction, session) => at('data', '', session),
    message: (_message, session) => at('message', '', session),
    rset: (session) => at('rset', '', session),
    quit: (session) => at('quit', '', session),
  }
}

/** What is done below the session: EHLO without keywords, STARTTLS that fails or is refused. */
export const smtpDialect: Dialect = {
  protocol: 'smtp',
  types: ['fail-handshake', 'line', 'delay', 'stall', 'drop', 'run'],
  step(event) {
    const { type, command } = event as Extract<SmtpEvent, { type: 'command' }>
    return type === 'command' && command.verb === 'STARTTLS' ? { name: 'starttls', argument: '' } : null
  },
  answer(_event, _line, engine) {
    engine.send(reply(454, '4.7.0', 'TLS not available due to temporary reason'))
  },
}

/** The keywords of EHLO, without those that a script takes away. */
export function withoutKeywords(lines: readonly string[], book: ScriptBook, remote: string): readonly string[] {
  const action = book.empty ? null : book.take('smtp', 'ehlo', { argument: '', remote }, ['without'])
  if (action?.type !== 'without') return lines
  const hidden = new Set(action.keywords.map((keyword) => keyword.toUpperCase()))
  return lines.filter((line) => !hidden.has(line.split(' ', 1)[0].toUpperCase()))
}
