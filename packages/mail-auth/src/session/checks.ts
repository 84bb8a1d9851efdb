/**
 * The four checks of a message. They run side by side, each with DNS queries of its own and within the same time: a
 * sender who makes one of them take long does not keep the others from their end, least of all DMARC.
 */
import type { ReceivedMessage, SmtpSession } from '@posthouse/smtp'
import { arc, type DKIMVerifyResult, dkimVerify, spf } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import { isVouchedFor, sealerOf } from './arc.js'
import { startClock } from './clock.js'
import { readSignatures, withoutNotes } from './dkim.js'
import { dmarcOf, findPolicy } from './dmarc.js'
import { asking, type Resolve } from './dns.js'
import { streamOf } from './feed.js'
import { type Field, fromAddress } from './header.js'
import type { MailAuthLimits } from './limits.js'
import { type MailAuthentication, resultOf } from './results.js'
import { readable } from './signatures.js'

export interface Checks {
  readonly resolver: Resolve
  readonly limits: MailAuthLimits
  /** Domains of sealers. */
  readonly trusted: ReadonlySet<string>
  readonly authservId: string
}

/** Checks that cannot be made are `temperror`, and in the log. */
export async function checkMessage(
  message: ReceivedMessage,
  fields: readonly Field[],
  session: SmtpSession,
  { resolver, limits, trusted, authservId }: Checks,
): Promise<MailAuthentication> {
  const clock = startClock(limits.time, session)
  const ask = (): Resolve => asking(resolver, limits.dnsQueries, clock.over)
  const address = fromAddress(fields)
  const domain = address === null ? null : domainOf(address)
  const sender = message.transaction.reversePath?.address ?? ''
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
        spf({ sender: asciiSender(sender), helo, ip: session.remote.address, mta: authservId, resolver: ask() }),
      ),
      clock.within(dkimVerify(streamOf(message, message.size, changes, spellings, clock.over), verifyOptions)),
    ])
    const sets = signed?.value.arc as Parameters<typeof arc>[0] | undefined
    const sealed = sets && (await clock.within(arc(sets, { resolver: withoutNotes(ask()) })))
    const from = domain !== null && (!signed || readsTheSame(signed.value, domain)) ? domain : null
    const found = {
      spf: {
        result: sent ? resultOf(sent.value.status) : 'temperror',
        domain: sender === '' ? helo : domainOf(sender),
      },
      dkim: signed ? await readSignatures(signed.value, signatures, from) : [],
      arc: arcResult(sealed?.value, sets !== undefined),
    } as const
    const dmarc = await dmarcOf(from, policy, found, signed === null)
    const strict = policy?.value?.strict
    const excused =
      (dmarc.result === 'fail' || dmarc.result === 'temperror') &&
      dmarc.domain !== null &&
      strict !== undefined &&
      sealed !== undefined &&
      sealed !== null &&
      (await isVouchedFor(dmarc.domain, strict, sealed.value, trusted))
    return { ...found, dmarc, excused }
  } finally {
    clock.stop()
  }
}

/** RFC 8616 §5: SPF knows the ASCII form of a domain. */
function asciiSender(sender: string): string {
  return sender === '' ? '' : `${sender.slice(0, sender.lastIndexOf('@') + 1)}${domainOf(sender)}`
}

/** Where the library reads another domain the field is ambiguous, and nobody can say what a mail reader shows. */
function readsTheSame({ headerFrom }: DKIMVerifyResult, domain: string): boolean {
  return headerFrom.length === 1 && domainOf(headerFrom[0]) === domain
}

function arcResult(sealed: Awaited<ReturnType<typeof arc>> | undefined, checked: boolean): MailAuthentication['arc'] {
  if (!sealed) return { result: checked ? 'temperror' : 'none', instance: 0, domain: null }
  const { status, i, chain } = sealed
  return {
    result: resultOf(status),
    instance: typeof i === 'number' ? i : 0,
    domain: sealerOf(chain?.[chain.length - 1]),
  }
}
