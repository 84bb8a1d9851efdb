/** Macros: what a milter is told about a connection and a message beyond the commands, under the names of Sendmail. */
import type { SmtpSession, Transaction } from '@posthouse/smtp'
import type { MacroStage } from '../syntax/index.js'

/** The value of a macro by its name (`{mail_addr}`, `j`); nothing: the server's own value, if it has one. */
export type MacroSource = (
  name: string,
  session: SmtpSession,
  transaction: Transaction | null,
) => string | null | undefined

/** What a macro is computed from. */
export interface MacroContext {
  readonly session: SmtpSession
  readonly transaction: Transaction | null
  readonly recipient: { readonly address: string; readonly domain: string } | null
  /** The SASL mechanism of the login. */
  readonly mechanism: string | null
}

/** The macros of each stage that every milter gets that does not choose its own. */
const STANDARD: Readonly<Record<MacroStage, readonly string[]>> = {
  connect: ['j', '_', '{daemon_name}', '{daemon_addr}', '{daemon_port}', 'v', '{client_addr}', '{client_name}'],
  helo: ['{tls_version}', '{cipher}', '{cert_subject}', '{client_ptr}', '{client_port}'],
  mail: ['i', '{auth_type}', '{auth_authen}', '{auth_author}', '{mail_addr}', '{mail_host}', '{mail_mailer}'],
  rcpt: ['{rcpt_addr}', '{rcpt_host}', '{rcpt_mailer}'],
  data: ['i'],
  'end-of-header': ['i'],
  'end-of-message': ['i'],
}

/** Names and values for a stage; what has no value is left out. */
export function macrosFor(
  stage: MacroStage,
  wanted: ReadonlyMap<MacroStage, readonly string[]>,
  context: MacroContext,
  source: MacroSource | undefined,
): readonly (readonly [string, string])[] {
  const macros: (readonly [string, string])[] = []
  for (const name of wanted.get(stage) ?? STANDARD[stage]) {
    const value = source?.(name, context.session, context.transaction) ?? macroValue(name, context)
    if (value) macros.push([name, value])
  }
  return macros
}

function macroValue(name: string, { session, transaction, recipient, mechanism }: MacroContext): string | null {
  const { remote, local, tls, identity } = session
  switch (name) {
    case 'j':
      return session.hostname
    case '_':
      return `${session.remoteName ?? 'unknown'} [${remote.address}]`
    case 'v':
      return 'Posthouse'
    case 'i':
      return transaction?.id ?? null
    case 's':
      return session.helo
    case '{daemon_name}':
      return session.protocol
    case '{daemon_addr}':
    case '{if_addr}':
      return local.address
    case '{daemon_port}':
      return String(local.port)
    case '{if_name}':
      return session.hostname
    case '{client_addr}':
      return remote.address
    case '{client_port}':
      return String(remote.port)
    case '{client_name}':
    case '{client_ptr}':
      return session.remoteName ?? 'unknown'
    case '{tls_version}':
      return tls?.protocol ?? null
    case '{cipher}':
      return tls?.cipher ?? null
    case '{cert_subject}':
      return tls?.peerCertificate?.subject ?? null
    case '{auth_type}':
      return identity ? mechanism : null
    case '{auth_authen}':
      return identity ? (identity.principal ?? identity.account) : null
    case '{auth_author}':
      return identity?.account ?? null
    case '{mail_addr}':
      return transaction?.reversePath?.address ?? null
    case '{mail_host}':
      return transaction?.reversePath?.domain ?? null
    case '{rcpt_addr}':
      return recipient?.address ?? null
    case '{rcpt_host}':
      return recipient?.domain ?? null
    case '{mail_mailer}':
    case '{rcpt_mailer}':
      return 'smtp'
    default:
      return null
  }
}
