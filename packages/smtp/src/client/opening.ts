/** From the greeting to the first transaction: EHLO, STARTTLS, AUTH. */
import type { ClientConnection } from '@posthouse/wire'
import { addressLiteral } from '../syntax/trace.js'
import type { Conversation } from './conversation.js'
import { SmtpClientError } from './errors.js'
import type { SmtpClientLimits } from './limits.js'
import { logIn } from './login.js'
import type { SmtpClientOptions } from './options.js'

const POLICIES: readonly string[] = ['never', 'opportunistic', 'required']

/** Opens the dialogue. @throws SmtpClientError `refused`, `tls`, `auth`, `protocol`, `connection`. */
export async function openDialogue(
  conversation: Conversation,
  options: SmtpClientOptions,
  limits: SmtpClientLimits,
): Promise<void> {
  const { connection } = conversation
  const name = options.hostname ?? literal(connection)
  const lmtp = options.protocol === 'lmtp'
  const policy = options.tls ?? 'required'
  // Callers without types: what was meant as "encrypt it" must not be clear text where STARTTLS is not offered.
  if (!POLICIES.includes(policy)) {
    const what = `tls is one of ${POLICIES.join(', ')}, or implicit (connectSmtp), and not ${String(policy)}`
    throw new SmtpClientError('tls', what, { temporary: false })
  }
  await conversation.reply('greeting', limits.greeting)
  await greet(conversation, name, lmtp, limits.command)
  if (connection.tls === null && policy !== 'never') {
    const offered = conversation.engine.capabilities?.has('STARTTLS') ?? false
    if (!offered && policy === 'required') {
      throw new SmtpClientError('tls', 'the server does not offer STARTTLS, and TLS is required', { enhanced: '4.7.4' })
    }
    if (offered && (await startTls(conversation, policy, limits))) await greet(conversation, name, lmtp, limits.command)
  }
  if (!options.auth) return
  const { tls, loopback } = connection
  const { host, port, allowInsecureAuth = 'loopback' } = options
  const secure = tls !== null || allowInsecureAuth === true || (allowInsecureAuth === 'loopback' && loopback)
  await logIn(conversation, options.auth, options.mechanisms, { host, port, tls, secure }, limits.command)
  // What the server can do may differ now: FUTURERELEASE and SIZE often do. One that says it only once has said it.
  try {
    await conversation.ask({ type: 'hello', verb: lmtp ? 'LHLO' : 'EHLO', name }, limits.command)
  } catch (reason) {
    if (conversation.failure) throw reason
  }
}

async function greet(conversation: Conversation, name: string, lmtp: boolean, ms: number): Promise<void> {
  try {
    await conversation.ask({ type: 'hello', verb: lmtp ? 'LHLO' : 'EHLO', name }, ms)
  } catch (reason) {
    // RFC 5321 §3.2: a server that does not know EHLO is an old one, and has no extensions.
    const old = reason instanceof SmtpClientError && [500, 501, 502, 504].includes(reason.reply?.code ?? 0)
    if (!old || lmtp || conversation.connection.tls !== null) throw reason
    await conversation.ask({ type: 'hello', verb: 'HELO', name }, ms)
  }
}

/** False when the server offers STARTTLS and then refuses it, which an opportunist puts up with. */
async function startTls(
  conversation: Conversation,
  policy: 'opportunistic' | 'required',
  limits: SmtpClientLimits,
): Promise<boolean> {
  try {
    await conversation.ask({ type: 'starttls' }, limits.command)
  } catch (reason) {
    if (!(reason instanceof SmtpClientError) || reason.code !== 'refused' || conversation.failure) throw reason
    if (policy === 'opportunistic') return false
    const { reply } = reason
    throw new SmtpClientError('tls', `STARTTLS: ${reason.message}`, { ...(reply && { reply }), command: 'STARTTLS' })
  }
  await conversation.startTls()
  return true
}

/** RFC 5321 §4.1.4: a client without a name of its own says its address. */
function literal({ local }: ClientConnection): string {
  return local.address === '' ? 'localhost' : `[${addressLiteral(local.address)}]`
}
