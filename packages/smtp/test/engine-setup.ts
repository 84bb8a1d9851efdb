import { fromLatin1, latin1 } from '@posthouse/wire'
import { playEngine } from '@posthouse/wire/testing'
import {
  type ContentPolicy,
  type ContentRule,
  createSmtpEngine,
  DEFAULT_LIMITS,
  replies,
  reply,
  type SmtpAnswer,
  type SmtpEngine,
  type SmtpEvent,
  type SmtpLimits,
} from '../src/index.js'

export const octets = fromLatin1

export function rule(all: ContentRule): ContentPolicy {
  return { bareCr: all, bareLf: all, nul: all }
}

export function engine(
  options: {
    readonly dialect?: 'smtp' | 'lmtp'
    readonly limits?: Partial<SmtpLimits>
    readonly content?: ContentPolicy
  } = {},
): SmtpEngine {
  return createSmtpEngine({
    dialect: options.dialect ?? 'smtp',
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    content: options.content ?? rule('reject'),
  })
}

/** Says yes to everything that can be said yes to. */
export function yes(event: SmtpEvent): SmtpAnswer | null {
  switch (event.type) {
    case 'command': {
      const { verb } = event.command
      if (verb === 'DATA') return replies.startMailInput()
      if (verb === 'AUTH') return reply(334, null, '')
      return verb === 'QUIT' ? replies.goodbye('x') : replies.ok()
    }
    case 'refused':
      return event.reply
    case 'auth-response':
    case 'auth-cancelled':
      return replies.authenticated()
    case 'chunk-end':
      return event.oversize ? replies.messageTooBig(1) : replies.ok()
    case 'message-end':
      if (event.oversize) return replies.messageTooBig(1)
      return event.refused ? replies.badLineEnds('x') : replies.accepted()
    default:
      return null
  }
}

/** What an engine that says yes makes of an input: messages apart, the rest as text. */
export interface Run {
  /** Commands that were seen, in order, with the message ends between them. */
  readonly log: readonly string[]
  /** The octets of all messages. */
  readonly message: string
  readonly output: string
}

export function run(made: SmtpEngine, chunks: Iterable<Uint8Array>): Run {
  made.send(reply(220, null, 'x'))
  const { events, output } = playEngine(made, chunks, (event, on) => {
    const answer = yes(event)
    if (answer) on.send(answer)
  })
  let message = ''
  const log: string[] = []
  for (const event of events) {
    switch (event.type) {
      case 'message-octets':
        message += latin1(event.octets)
        break
      case 'command':
        log.push(event.command.verb)
        break
      case 'refused':
        log.push(`refused ${event.name} ${event.reply.code}${event.close ? ' close' : ''}`)
        break
      case 'message-end':
        log.push(`message-end ${event.size}${event.oversize ? ' oversize' : ''}${event.refused ? ' refused' : ''}`)
        break
      case 'chunk-start':
        log.push(`chunk-start ${event.size}${event.last ? ' last' : ''}${event.first ? ' first' : ''}`)
        break
      case 'chunk-end':
        log.push(`chunk-end${event.oversize ? ' oversize' : ''}`)
        break
      case 'auth-response':
        log.push(`auth-response ${latin1(event.response)}`)
        break
      default:
        log.push(event.type)
    }
  }
  return { log, message, output: latin1(output) }
}
