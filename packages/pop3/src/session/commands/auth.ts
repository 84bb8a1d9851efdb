import { decodeBase64, fromLatin1 } from '@posthouse/wire'
import type { SessionCommand } from './command.js'

/** AUTH (RFC 5034 §4), with an initial response; alone it lists the mechanisms, as older clients expect. */
export const auth: SessionCommand = {
  keyword: 'AUTH',
  states: ['authorization'],
  // RFC 2449 §5: what can be used before the login is announced after it, too.
  capabilities(context) {
    const names = context.offered().map(({ name }) => name)
    return names.length > 0 ? [`SASL ${names.join(' ')}`] : []
  },
  run(context, { words }) {
    const [name, initial] = words
    if (name === undefined) {
      const lines = context.offered().map((mechanism) => `${mechanism.name}\r\n`)
      return context.engine.send({ type: 'lines', text: 'mechanisms follow', lines: lines.join('') })
    }
    const mechanism = context.offered().find((one) => one.name === name.toUpperCase())
    if (!mechanism) return context.error('this mechanism is not offered')
    if (initial === undefined) return context.startExchange(mechanism, null)
    // RFC 5034 §4: an initial response is refused where the server speaks first.
    if (mechanism.serverFirst) return context.mistake('this mechanism has no initial response')
    const response = initial === '=' ? new Uint8Array(0) : decodeBase64(fromLatin1(initial))
    return response ? context.startExchange(mechanism, response) : context.mistake('not base64')
  },
}
