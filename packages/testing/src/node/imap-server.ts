import { createImapServer, standardExtensions } from '@posthouse/imap'
import type { MemoryStore } from '@posthouse/store-api'
import type { Protocol } from '@posthouse/wire'
import { imapFaults, withoutCapabilities } from '../faults/imap.js'
import { withFaults } from '../faults/wire.js'
import { type Parts, situationIn, surroundingsOf } from './servers.js'

/** The IMAP server of a test server, with its faults. */
export function makeImap(parts: Parts, store: MemoryStore): Protocol {
  const { users, sessions, scripts } = parts
  const situation = situationIn(sessions)
  const faults = imapFaults(store, sessions)
  const server = createImapServer({
    store,
    authenticate: users.verifier ?? (() => null),
    allowInsecureAuth: true,
    extensions: [...standardExtensions, faults.extension],
    limits: { authFailureDelay: 0 },
    capabilities: (words, { link }) => withoutCapabilities(words, scripts, situation('', link.remote.address)),
  })
  return withFaults(server, faults.dialect, surroundingsOf(parts))
}
