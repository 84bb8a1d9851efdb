/** The SMTP server of a test server with its faults, and what all its servers share. */
import { createSmtpServer, dsnExtension, reply, type SmtpHandler } from '@posthouse/smtp'
import type { Protocol } from '@posthouse/wire'
import { addressKey } from '../address.js'
import { anyOctets } from '../any-octets.js'
import type { Controls, Surroundings } from '../faults/dialect.js'
import { hiddenKeywords } from '../faults/keywords.js'
import type { FaultSituation, ScriptBook } from '../faults/script.js'
import { smtpDialect, smtpFaults } from '../faults/smtp.js'
import { withFaults } from '../faults/wire.js'
import type { TestMailLimits, TestMailOptions } from '../options.js'
import type { SessionBook } from '../sessions.js'
import { type KeepOptions, keep } from './keep.js'
import type { Users } from './users.js'

/** What the servers of one test server share. */
export interface Parts {
  readonly options: TestMailOptions
  readonly limits: TestMailLimits
  readonly users: Users
  readonly now: () => number
  readonly sessions: SessionBook
  readonly scripts: ScriptBook
  readonly room: KeepOptions['room']
  readonly content: KeepOptions['content']
  readonly store: KeepOptions['store']
}

export function situationIn(sessions: SessionBook) {
  return (argument: string, remote: string): FaultSituation => ({ argument, remote, open: sessions.open })
}

export function surroundingsOf({ scripts, sessions }: Parts): Surroundings {
  return {
    book: scripts,
    situation: situationIn(sessions),
    said(id, text) {
      for (const line of text.split('\r\n')) if (line !== '') sessions.said(id, 'S', line)
    },
    surprised: sessions.surprise,
    problem: sessions.problem,
  }
}

export function makeSmtp(parts: Parts): Protocol {
  const { options, limits, users, sessions, scripts } = parts
  let all: ReadonlyMap<string, Controls> = new Map()
  const controls = (id: string): Controls | undefined => all.get(id)
  const situation = situationIn(sessions)
  const hidden = hiddenKeywords(scripts, situation)
  const { on = [] } = options
  const own = Array.isArray(on) ? (on as readonly SmtpHandler[]) : [on as SmtpHandler]
  const server = createSmtpServer({
    hostname: 'localhost',
    handlers: [
      dsnExtension(),
      addressees(sessions),
      smtpFaults({ book: scripts, situation, controls }),
      ...own,
      ...(users.known ? [onlyThese(users)] : []),
      keep({ ...parts, controls, situation }),
    ],
    ...(users.verifier && { authenticate: users.verifier }),
    allowInsecureAuth: true,
    random: anyOctets,
    content: options.lenient ? 'preserve' : 'reject',
    limits: { messageSize: limits.bytes, messageInMemory: limits.bytes, authFailureDelay: 0 },
    keywords: hidden.shown,
    transcript({ side, text }, { id }) {
      if (side === 'client') return sessions.said(id, 'C', text)
      // Without controls the connection is over: what a handler says then is heard by nobody.
      const heard = controls(id)?.heard(text) ?? null
      if (heard !== null) sessions.said(id, 'S', heard)
    },
  })
  const faulty = withFaults(server, smtpDialect(sessions, hidden), surroundingsOf(parts))
  all = faulty.controls
  return faulty
}

/** Tells for whom each session sends, before any fault keeps it from going on. */
function addressees(sessions: SessionBook): SmtpHandler {
  return {
    name: 'addressees',
    mail: (_transaction, { id }) => sessions.addressed(id, null),
    data: ({ recipients }, { id }) =>
      sessions.addressed(
        id,
        recipients.map(({ address }) => addressKey(address)),
      ),
  }
}

function onlyThese({ known, accountOf }: Users): SmtpHandler {
  return {
    name: 'users',
    rcpt: ({ address }) =>
      known?.has(accountOf(address)) ? undefined : reply(550, '5.1.1', `No such user here: ${address}`),
  }
}
