/**
 * The four checks of a message. They run side by side, each with DNS queries of its own and within the same time: a
 * sender who makes one of them take long does not keep the others from their end, least of all DMARC.
 */
import type { ReceivedMessage, SmtpSession } from '@posthouse/smtp'
import { type arc, type DKIMVerifyResult, dkimVerify, spf } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import { checkChain, isVouchedFor } from './arc.js'
import { startClock } from './clock.js'
import { readSignatures, withoutNotes } from './dkim.js'
import { dmarcOf, findPolicy } from './dmarc.js'
import { asking, type Resolve } from './dns.js'
import { streamOf } from './feed.js'
import { type Field, fromAddress } from './header.js'
import type { MailAuthLimits } from './limits.js'
import { type MailAuthentication, resultOf } from './results.js'
import { readable } from './signatures.js'
import { asciiSender, forSpf } from './spf.js'

export interface Checks {
  readonly resolver: Resolve
  readonly limits: MailAuthLimits
  /** Domains of sealers. */
  readonly trusted: ReadonlySet<string>
  readonly authservId: string
}

/** `unsure`: a forwarder who is trusted excuses the message, where his seals are good; DNS or time keep that from us. */
export interface Checked {
  readonly found: MailAuthentication
  readonly unsure: boolean
}

/** Checks that cannot be made are `temperror`, and in the log. */
export async function checkMessage(
  message: ReceivedMessage,
  fields: readonly Field[],
  session: SmtpSession,
  { resolver, limits, trusted, authservId }: Checks,
): Promise<Checked> {
  const clock = startClock(limits.time, session)
  const ask = (): Resolve => asking(resolver, limits.dnsQueries, clock.over)
  const address = fromAddress(fields)
  const domain = address === null ? null : domainOf(address)
  const sender = message.transaction.reversePath?.address ?? ''
  const ascii = asciiSender(sender)
  const helo = session.helo ?? ''
  const { signatures, changes, spellings } = readable(fields, limits.signatures)
  const verifyOptions = {
    // Without one the library looks for a Return-Path field, of any length.
    sender: sender === '' ? 'postmaster@localhost' : sender,
    curTime: new Date(session.now()),
    resolver: withoutNotes(ask()),
  }
  try {
    const [policy, sent, signed] = await Promise.all([
      clock.within(domain === null ? Promise.resolve(null) : findPolicy(domain, ask())),
      clock.within(
        spf({
          ...{ sender: ascii, helo, ip: session.remote.address, mta: authservId },
          resolver: forSpf(ask(), ascii, helo),
        }),
      ),
      clock.within(
        dkimVerify(streamOf(message, message.size, { changes, spellings, over: clock.over }), verifyOptions),
      ),
    ])
    const sets = signed?.value.arc as Parameters<typeof arc>[0] | undefined
    const chain = sets && (await checkChain(sets, clock, ask()))
    const from = domain !== null && (!signed || readsTheSame(signed.value, domain)) ? domain : null
    const found = {
      spf: {
        result: sent ? resultOf(sent.value.status) : 'temperror',
        domain: sender === '' ? helo : domainOf(sender),
      },
      dkim: signed ? await readSignatures(signed.value, signatures, from) : [],
      arc: chain?.found ?? { result: 'none', instance: 0, domain: null },
    } as const
    const dmarc = await dmarcOf(from, policy, found, signed === null)
    const strict = policy?.value?.strict
    const vouched =
      (dmarc.result === 'fail' || dmarc.result === 'temperror') &&
      dmarc.domain !== null &&
      strict !== undefined &&
      chain?.believable === true &&
      (await isVouchedFor(dmarc.domain, strict, chain.links, trusted))
    const excused = vouched && found.arc.result === 'pass'
    return { found: { ...found, dmarc, excused }, unsure: vouched && found.arc.result === 'temperror' }
  } finally {
    clock.stop()
  }
}

/** Where the library reads another domain the field is ambiguous, and nobody can say what a mail reader shows. */
function readsTheSame({ headerFrom }: DKIMVerifyResult, domain: string): boolean {
  return headerFrom.length === 1 && domainOf(headerFrom[0]) === domain
}
