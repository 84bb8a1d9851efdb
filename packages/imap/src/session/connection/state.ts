/** What changes during one connection. Only the files of this folder write to it; commands see an `ImapSession`. */
import type { Account } from '@posthouse/store-api'
import type { Identity, Link } from '@posthouse/wire'
import { createImapEngine, type ImapEngine } from '../../engine/engine.js'
import type { SessionState } from '../../engine/states.js'
import { ResponseWriter } from '../../syntax/writer.js'
import type { Command, Prompt } from '../extension.js'
import type { Parts } from '../parts.js'
import type { ServerSetup } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import type { Watcher } from '../view/watcher.js'
import { Pushes } from './pushes.js'

export interface ConnectionState {
  readonly server: ServerSetup
  readonly link: Link
  readonly engine: ImapEngine
  readonly out: ResponseWriter
  readonly pushes: Pushes
  parts: Parts
  state: SessionState
  identity: Identity | null
  account: Account | null
  view: MailboxView | null
  enabled: Set<string>
  client: ReadonlyMap<string, string>
  /** `null`: nobody has asked for them. */
  values: Map<string, unknown> | null
  watcher: Watcher | null
  /** Of the command in progress. */
  tag: string
  running: Command | null
  /** What it has enabled without ENABLE, and where its responses began before. */
  implied: { readonly word: string; readonly place: number } | null
  /** The command in progress waits for a line of the client. */
  prompt: Prompt | null
  /** Failed logins. */
  failures: number
  /** Commands answered BAD. */
  mistakes: number
  /** The connection ends behind the tagged response. */
  ending: boolean
  /** The server stops, and could not say so yet. */
  goingDown: boolean
}

/** What is said when the server stops. */
export const GOING_DOWN = 'The server is going down'

const NOTHING_SAID: ReadonlyMap<string, string> = new Map()

/** The state of a connection that has just been made. */
export function openConnection(server: ServerSetup, link: Link): ConnectionState {
  const { limits } = server
  const connection: ConnectionState = {
    server,
    link,
    engine: createImapEngine({
      limits,
      messageArgument: (name) => connection.parts.commands.get(name)?.leading,
      isCommand: (name) => connection.parts.commands.has(name),
      awaits(what, octets) {
        // Before login one deadline holds for all; after it, who has begun a command must come to its end.
        if (!connection.account) return
        const extra = what === 'message' ? (octets / limits.uploadRate) * 1000 : 0
        link.deadline(what === 'command' ? 0 : limits.commandTime + Math.ceil(extra))
      },
    }),
    out: new ResponseWriter(),
    pushes: new Pushes(),
    parts: server.partsFor(null),
    state: 'not-authenticated',
    identity: null,
    account: null,
    view: null,
    enabled: new Set(),
    client: NOTHING_SAID,
    values: null,
    watcher: null,
    tag: '',
    running: null,
    implied: null,
    prompt: null,
    failures: 0,
    mistakes: 0,
    ending: false,
    goingDown: false,
  }
  return connection
}

/** Ends the connection behind what is written. */
export function closeConnection({ engine, link }: ConnectionState): void {
  engine.close()
  link.close()
}
