import type { SessionCommand } from './command.js'

/** STLS (RFC 2595 §4), announced before the login only (§8). Not behind UTF8 (RFC 6856 §2.1). */
export const stls: SessionCommand = {
  keyword: 'STLS',
  states: ['authorization'],
  capabilities: ({ drop, link }) => (!drop && link.canStartTls ? ['STLS'] : []),
  run({ engine, error, link, ok, utf8 }) {
    if (!link.canStartTls) return error('TLS is not available')
    if (utf8) return error('STLS must come before UTF8')
    ok('begin TLS')
    engine.expectTls()
    link.startTls()
  },
}
