/** The protocol servers of a test server, each with its faults. */
import { createSmtpServer, dsnExtension, reply, type SmtpHandler } from '@posthouse/smtp'
import type { MemoryStore } from '@posthouse/store-api'
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
  readonly store: MemoryStore | null
}

function situationIn(sessions: SessionBook) {
  return (argument: string, remote: string): FaultSituation => ({ argument, remote, open: sessions.open })
}

function surroundingsOf({ scripts, sessions }: Parts): Surroundings {
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

export async function makeImap(parts: Parts, store: MemoryStore): Promise<Protocol> {
  const { users, sessions, scripts } = parts
  const [{ createImapServer, standardExtensions }, { imapFaults, withoutCapabilities }] = await Promise.all([
    import('@posthouse/imap'),
    import('../faults/imap.js'),
  ])
  const situation = situationIn(sessions)
  const faults = imapFaults(store, sessions)
  const server = createImapServer({
    store,
    authenticate: users.verifier ?? (() => null),
    allowInsecureAuth: true,
    extensions: [...standardExtensions, faults.extension],
    limits: { authFailureDelay: 0 },
    capabilities: (words, { link }) => withoutCapabilities(words, scripts, situation('', link.remote.address)),
  })
  return withFaults(server, faults.dialect, surroundingsOf(parts))
}

export async function makePop3(parts: Parts, store: MemoryStore): Promise<Protocol> {
  const { users, sessions } = parts
  const [{ createPop3Server }, { pop3Dialect }] = await Promise.all([
    import('@posthouse/pop3'),
    import('../faults/pop3.js'),
  ])
  const server = createPop3Server({
    store,
    authenticate: users.verifier ?? (() => null),
    allowInsecureAuth: true,
    limits: { authFailureDelay: 0 },
  })
  return withFaults(server, pop3Dialect(sessions), surroundingsOf(parts))
}
