/**
 * The four checks of a message. They run side by side, each with DNS queries of its own and within the same time: a
 * sender who makes one of them take long does not keep the others from their end, least of all DMARC.
 */
import { domainKey, type ReceivedMessage, type SmtpSession } from '@posthouse/smtp'
import { type arc, type DKIMVerifyResult, dkimVerify, spf } from 'mailauth'
import { domainOf } from '../syntax/domains.js'
import { type Chain, checkChain, isVouchedFor } from './arc.js'
import { startClock } from './clock.js'
import { readSignatures, withoutNotes } from './dkim.js'
import { dmarcOf, type FoundPolicy, findPolicy, noRelation, type Related, relatedTo } from './dmarc.js'
import { asking, type Resolve } from './dns.js'
import { streamOf } from './feed.js'
import { type Field, fromDomain } from './header.js'
import type { MailAuthLimits } from './limits.js'
import { type DmarcResult, type MailAuthentication, resultOf } from './results.js'
import { readable } from './signatures.js'
import { asciiSender, forSpf } from './spf.js'
import { treeOf } from './tree-walk.js'

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
  const domain = fromDomain(fields)
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
  const tree = treeOf(ask())
  const sentBy = sender === '' ? helo : domainOf(sender)
  const relation = domain === null ? noRelation : relatedTo(domain, tree, clock)
  try {
    // Now, and not when the sender has used up the time.
    for (const one of [domainKey(sentBy), ...signatures.map((signature) => signature.domain)]) void relation(one)
    const [policy, sent, signed] = await Promise.all([
      clock.within(domain === null ? Promise.resolve(null) : findPolicy(domain, tree)),
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
    const related = from === null ? noRelation : relation
    const found = {
      spf: { result: sent ? resultOf(sent.value.status) : 'temperror', domain: sentBy },
      dkim: signed ? await readSignatures(signed.value, signatures, related) : [],
      arc: chain?.found ?? { result: 'none', instance: 0, domain: null },
    } as const
    const dmarc = await dmarcOf(from, policy, found, related, signed === null)
    const vouched = await vouchedFor(dmarc, policy?.value ?? null, chain, trusted, related)
    const excused = vouched === true && found.arc.result === 'pass'
    const maybe = vouched !== false && (found.arc.result === 'pass' || found.arc.result === 'temperror')
    return { found: { ...found, dmarc, excused }, unsure: maybe && !excused }
  } finally {
    clock.stop()
  }
}

/** Does somebody who is trusted speak for a message that DMARC did not pass? */
async function vouchedFor(
  { result, domain }: DmarcResult,
  policy: FoundPolicy | null,
  chain: Chain | undefined,
  trusted: ReadonlySet<string>,
  related: Related,
): Promise<boolean | null> {
  if ((result !== 'fail' && result !== 'temperror') || domain === null || !policy || !chain?.believable) return false
  return isVouchedFor(domain, policy.strict, chain.links, trusted, related)
}

/** Where the library reads another domain the field is ambiguous, and nobody can say what a mail reader shows. */
function readsTheSame({ headerFrom }: DKIMVerifyResult, domain: string): boolean {
  return headerFrom.length > 0 && headerFrom.every((address) => domainOf(address) === domain)
}
