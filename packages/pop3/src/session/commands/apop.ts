import { equalConstantTime, fromLatin1, fromUtf8, md5Hex, saslprep } from '@posthouse/wire'
import type { SessionCommand } from './command.js'

/**
 * APOP (RFC 1939 §7): MD5 over the greeting's timestamp and a shared secret, both sides prepared by SASLprep
 * (RFC 6856 §2.2). Weak; off unless asked for.
 */
export const apop: SessionCommand = {
  keyword: 'APOP',
  states: ['authorization'],
  async run(context, { argument }) {
    const { setup, sasl, timestamp } = context
    if (timestamp === null || !setup.verifier.sharedSecret) return context.error('APOP is not offered')
    const space = argument.lastIndexOf(' ')
    if (space < 1) return context.mistake('APOP needs a name and a digest')
    const name = saslprep(argument.slice(0, space))
    const digest = fromUtf8(argument.slice(space + 1))
    if (!name) return context.refuse(argument.slice(0, space))
    let known: Awaited<ReturnType<typeof setup.verifier.sharedSecret>>
    try {
      known = await setup.verifier.sharedSecret(name, sasl)
    } catch (reason) {
      return context.unavailable(reason)
    }
    const secret = saslprep(known?.secret ?? '') ?? ''
    const wanted = fromLatin1(md5Hex(fromUtf8(timestamp + secret)))
    // Everybody can make the digest of an empty secret.
    const proven = equalConstantTime(digest, wanted) && secret !== ''
    return known && proven ? context.login(known.identity) : context.refuse(name)
  },
}
