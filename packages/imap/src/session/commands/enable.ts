/** ENABLE (RFC 5161, RFC 9051 §6.3.1). Authenticated and selected state. */
import { ok } from '../../syntax/status.js'
import type { Command } from '../extension.js'

export const enable: Command<readonly string[]> = {
  name: 'ENABLE',
  states: ['authenticated', 'selected'],
  parse(cursor) {
    const words: string[] = []
    cursor.space()
    do {
      cursor.item()
      words.push(cursor.word('Capability'))
    } while (cursor.more())
    return words
  },
  async run(session, words) {
    const { enables } = session.parts
    for (const word of words) enables.get(word)?.check?.(session)
    const enabled: string[] = []
    for (const word of words) {
      // Unknown words are ignored (RFC 5161 §3.1).
      const enabling = enables.get(word)
      if (enabling && (await session.enable(word))) enabled.push(enabling.told ?? word)
    }
    session.out.line(`* ENABLED${enabled.map((word) => ` ${word}`).join('')}`)
    return ok('ENABLE completed')
  },
}
