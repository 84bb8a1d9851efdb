import type { SessionCommand } from './command.js'

/** LANG (RFC 6856 §3): the texts are English, and that can be asked. */
export const lang: SessionCommand = {
  keyword: 'LANG',
  states: ['authorization', 'transaction'],
  capabilities: () => ['LANG'],
  run({ engine, error, ok }, { words }) {
    if (words.length === 0) return engine.send({ type: 'lines', text: 'languages follow', lines: 'en English\r\n' })
    const wanted = words[0].toLowerCase()
    if (wanted !== '*' && wanted !== 'en' && wanted !== 'i-default' && !wanted.startsWith('en-')) {
      return error('this language is not spoken here')
    }
    ok('en the language is English')
  },
}
