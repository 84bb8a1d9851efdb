import { playTranscript, slices } from '@posthouse/wire/testing'
import type { ImapServerOptions } from '../../src/index.js'
import { message, type TestServer, testServer } from '../servers.js'

/** Logs in and selects INBOX. */
const SELECTED = `
  S: * OK {*}
  C: a001 LOGIN alice secret
  S: a001 OK {*}
  C: a002 SELECT INBOX
  S: ...
  S: a002 OK [READ-WRITE] SELECT completed
`

/** A dialogue in the selected INBOX, played at several cuts, each time over a store of its own. */
export async function playSelected(
  text: string,
  setup: (made: TestServer) => Promise<void> | void,
  options: Partial<ImapServerOptions> = {},
): Promise<void> {
  for (const cut of ['batch', 'octets', (bytes: Uint8Array) => slices(bytes, 3)] as const) {
    const made = testServer(options)
    await setup(made)
    await playTranscript(made.server, `${SELECTED}${text}`, { cut })
  }
}

/** A message of a few fields. */
export function mail(fields: Readonly<Record<string, string>>, ...body: readonly string[]): string {
  return message(...Object.entries(fields).map(([name, value]) => `${name}: ${value}`), '', ...body)
}
