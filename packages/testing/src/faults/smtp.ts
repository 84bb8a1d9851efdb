/** Scripted faults of SMTP: most are a handler before all others, the rest is done on the wire. */
import {
  type Reply,
  reply,
  type SmtpEngine,
  type SmtpEvent,
  type SmtpHandler,
  type SmtpSession,
  type StageAnswer,
  type Transaction,
} from '@posthouse/smtp'
import { pause } from '../clock.js'
import type { SessionBook } from '../sessions.js'
import type { Controls, Dialect, SaidAction } from './dialect.js'
import type { HiddenKeywords } from './keywords.js'
import type { AtStep, FaultAction, FaultSituation, ScriptBook, SmtpStep } from './script.js'

/** What the handler performs itself. */
const IN_HANDLER: ReadonlySet<FaultAction['type']> = new Set([
  ...(['reply', 'delay', 'stall', 'raw', 'drop', 'throttle', 'run'] as const),
])

/** What SMTP's faults are told of their server. */
export interface SmtpFaultOptions {
  readonly book: ScriptBook
  situation(argument: string, remote: string): FaultSituation
  /** Of the connection with this id. */
  controls(id: string): Controls | undefined
}

/** What is said where nobody hears it. */
const UNHEARD = reply(451, '4.3.0', 'scripted')

/** The answer to a command whose keyword is hidden (RFC 5321 §4.2.4). */
const UNKNOWN: SaidAction = { type: 'reply', reply: reply(502, '5.5.1', 'Command not implemented') }

/** The handler that performs scripts. */
export function smtpFaults({ book, situation, controls }: SmtpFaultOptions): SmtpHandler {
  function at(step: SmtpStep, argument: string | readonly string[], session: SmtpSession): StageAnswer {
    if (book.empty) return undefined
    const due = book.due(atStep(step, argument, session, situation), IN_HANDLER)
    return due.length === 0 ? undefined : performAll(due, step, session)
  }

  async function performAll(
    due: readonly FaultAction[],
    step: SmtpStep,
    session: SmtpSession,
  ): Promise<Reply | undefined> {
    for (const action of due) {
      const said = await perform(action, step, session, controls(session.id))
      if (said) return said
    }
    return undefined
  }

  async function perform(
    action: FaultAction,
    step: SmtpStep,
    session: SmtpSession,
    wire: Controls | undefined,
  ): Promise<Reply | undefined> {
    switch (action.type) {
      case 'reply':
        return action.reply
      case 'delay':
        await pause(action.ms, session.signal)
        return undefined
      case 'run':
        await action.run()
        return undefined
      case 'stall':
        wire?.stall()
        return step === 'greeting' ? undefined : UNHEARD
      case 'throttle':
        wire?.throttle(action.octetsPerSecond)
        return undefined
      case 'drop':
        wire?.drop(action.after, action.of)
        return action.after === 0 ? UNHEARD : undefined
      case 'raw':
        await wire?.replace(action.pieces)
        return refusalIn(action.pieces)
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
    data: (transaction, session) => at('data', recipientsOf(transaction), session),
    message: ({ transaction }, session) => at('message', recipientsOf(transaction), session),
    rset: (session) => at('rset', '', session),
    quit: (session) => at('quit', '', session),
  }
}

/** A step with what the client has said: one argument, or the recipients of its message. */
export function atStep(
  step: SmtpStep,
  argument: string | readonly string[],
  { remote }: SmtpSession,
  situation: SmtpFaultOptions['situation'],
): AtStep {
  if (typeof argument === 'string') return { protocol: 'smtp', step, situation: situation(argument, remote.address) }
  return { protocol: 'smtp', step, situation: situation(argument.join(', '), remote.address), names: argument }
}

/** The addresses that the server has accepted. */
export function recipientsOf({ recipients }: Transaction): readonly string[] {
  return recipients.map(({ address }) => address)
}

/** Octets that are a refusal make the server act as if it had said so itself; all others are a mask for what it does. */
function refusalIn(pieces: readonly string[]): Reply | undefined {
  const code = Number(pieces.join('').slice(0, 3))
  return code >= 400 && code <= 599 ? reply(code, null, 'scripted') : undefined
}

/** Verbs for which there is no stage of a handler. */
const ON_THE_WIRE = new Map<string, SmtpStep>([
  ['STARTTLS', 'starttls'],
  ['NOOP', 'noop'],
  ['VRFY', 'vrfy'],
  ['EXPN', 'expn'],
  ['HELP', 'help'],
])
/** States of a connection in which a message is on its way. */
const IN_TRANSACTION: ReadonlySet<SmtpEngine['state']> = new Set([
  ...(['mail', 'rcpt', 'chunking', 'data', 'chunk'] as const),
])

/** Events between the octets of a message (RFC 3030). */
const IN_CHUNKS: ReadonlySet<string> = new Set<SmtpEvent['type']>(['chunk-start', 'chunk-end'])

/** What is done below the session. */
export function smtpDialect(sessions: SessionBook, hidden: HiddenKeywords): Dialect {
  return {
    protocol: 'smtp',
    types: new Set([...IN_HANDLER, 'fail-handshake']),
    greets: false,
    dialogue: ({ id }) => ({
      step(event) {
        const { type, command } = event as Extract<SmtpEvent, { type: 'command' }>
        const name = type === 'command' ? ON_THE_WIRE.get(command.verb) : undefined
        return name ? { name, argument: 'argument' in command ? command.argument : '' } : null
      },
      refused(event) {
        const { type, command } = event as Extract<SmtpEvent, { type: 'command' }>
        return type === 'command' && hidden.has(id, command.verb) ? UNKNOWN : null
      },
      closed: () => hidden.forget(id),
      answer(_event, action, engine) {
        if (action.type !== 'reply') return false
        engine.send(action.reply)
        return action.reply.code === 421
      },
      messageOctets(event) {
        const { type, octets } = event as Extract<SmtpEvent, { type: 'message-octets' }>
        return type === 'message-octets' ? octets.length : IN_CHUNKS.has(type) ? 0 : null
      },
      readyForTls: () => '220 2.0.0 Ready to start TLS',
      opened(engine) {
        const { state } = engine as unknown as SmtpEngine
        if (state !== undefined) sessions.watch(id, () => IN_TRANSACTION.has((engine as unknown as SmtpEngine).state))
      },
    }),
  }
}
