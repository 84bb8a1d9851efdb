import type { SessionCommand } from './command.js'

/** USER (RFC 1939 §7). Every name gets the same answer: who exists here is not told. */
export const user: SessionCommand = {
  keyword: 'USER',
  states: ['authorization'],
  // RFC 2449 §5: what can be used before the login is announced after it, too.
  capabilities: ({ sasl, setup }) => (sasl.secure && setup.verifier.password ? ['USER'] : []),
  run(context, { argument }) {
    if (!context.setup.verifier.password) return context.error('USER is not offered; use AUTH')
    if (!context.sasl.secure) return context.error('a password may not cross this connection; use STLS', 'AUTH')
    if (argument === '') return context.mistake('USER needs a name')
    context.user = argument
    context.ok('send PASS')
  },
}
