import { equalConstantTime, fromLatin1, fromUtf8, md5Hex } from '@posthouse/wire'
import type { SessionCommand } from './command.js'

/** APOP (RFC 1939 §7): MD5 over the greeting's timestamp and a shared secret. Weak; off unless asked for. */
export const apop: SessionCommand = {
  keyword: 'APOP',
  states: ['authorization'],
  async run(context, { argument }) {
    const { setup, sasl, timestamp } = context
    if (timestamp === null || !setup.verifier.sharedSecret) return context.error('APOP is not offered')
    const space = argument.lastIndexOf(' ')
    if (space < 1) return context.mistake('APOP needs a name and a digest')
    const name = argument.slice(0, space)
    const digest = fromLatin1(argument.slice(space + 1))
    try {
      const known = await setup.verifier.sharedSecret(name, sasl)
      const wanted = fromLatin1(md5Hex(fromUtf8(timestamp + (known?.secret ?? ''))))
      if (known && equalConstantTime(digest, wanted)) return await context.login(known.identity)
    } catch (reason) {
      return context.unavailable(reason)
    }
    return context.refuse(name)
  },
}
