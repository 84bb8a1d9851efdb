import { createPop3Server } from '@posthouse/pop3'
import type { MemoryStore } from '@posthouse/store-api'
import type { Protocol } from '@posthouse/wire'
import { pop3Dialect } from '../faults/pop3.js'
import { withFaults } from '../faults/wire.js'
import { type Parts, surroundingsOf } from './servers.js'

/** The POP3 server of a test server, with its faults. */
export function makePop3(parts: Parts, store: MemoryStore): Protocol {
  const { users, sessions } = parts
  const server = createPop3Server({
    store,
    authenticate: users.verifier ?? (() => null),
    allowInsecureAuth: true,
    limits: { authFailureDelay: 0 },
  })
  return withFaults(server, pop3Dialect(sessions), surroundingsOf(parts))
}
