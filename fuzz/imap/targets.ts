/** What must hold for `@posthouse/imap` whatever a client sends: nothing throws, and the cutting changes nothing. */
import { createImapEngine, createImapServer, DEFAULT_LIMITS, type ImapEvent } from '@posthouse/imap'
import { summarize } from '@posthouse/mime/summary'
import { createMemoryStore } from '@posthouse/store-api'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory, joinPayload, playEngine } from '@posthouse/wire/testing'
import { check, cutUp, type Target } from '../loop.js'

const COMMANDS = [
  ...[
    'a CAPABILITY\r\n',
    'a NOOP\r\n',
    'a ID ("name" NIL)\r\n',
    'a LOGIN a b\r\n',
    'a LOGIN {1}\r\n',
    'a LOGIN {1+}\r\na {1+}\r\nb\r\n',
  ],
  ...['a AUTHENTICATE PLAIN\r\n', 'a AUTHENTICATE PLAIN AGEAYg==\r\n', '*\r\n', 'AGEAYg==\r\n', 'a SELECT INBOX\r\n'],
  ...[
    'a EXAMINE INBOX (CONDSTORE)\r\n',
    'a ENABLE QRESYNC IMAP4rev2\r\n',
    'a SELECT INBOX (QRESYNC (1 1 1:9 (1 1)))\r\n',
  ],
  ...[
    'a FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE BODY[]<0.9> MODSEQ PREVIEW (LAZY))\r\n',
    'a FETCH 1 BODY.PEEK[1.MIME]\r\n',
  ],
  ...[
    'a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)\r\n',
    'a FETCH 1 BINARY.SIZE[1]\r\n',
    'a FETCH 1 BODY[HEADER.FIELDS (A "b")]\r\n',
  ],
  ...[
    'a STORE 1 +FLAGS.SILENT (\\Deleted x)\r\n',
    'a STORE 1:* (UNCHANGEDSINCE 1) -FLAGS \\Seen\r\n',
    'a EXPUNGE\r\n',
    'a UID EXPUNGE 1:*\r\n',
  ],
  ...[
    'a SEARCH NOT (SEEN OR FLAGGED UID 1:*)\r\n',
    'a SEARCH RETURN (SAVE MIN) TEXT x\r\n',
    'a SEARCH CHARSET UTF-8 BODY {1}\r\n',
    'a SEARCH $\r\n',
  ],
  ...[
    'a SORT RETURN (UPDATE PARTIAL 1:2) (REVERSE SUBJECT DATE) UTF-8 ALL\r\n',
    'a UID THREAD REFERENCES UTF-8 OR FUZZY TEXT x NOT 1:*\r\n',
    'a ESEARCH IN (mailboxes (INBOX x) subtree y) RETURN (COUNT) BODY x\r\n',
    'a CANCELUPDATE "a"\r\n',
  ],
  ...[
    'a APPEND INBOX (\\Seen) {5+}\r\nA: b\n\r\n',
    'a APPEND {5+}\r\nINBOX {3+}\r\nabc {1+}\r\nx\r\n',
    'a APPEND x {9}\r\n',
    'a REPLACE 1 INBOX {2+}\r\nab\r\n',
  ],
  ...[
    'a LIST (SUBSCRIBED) "" (* %) RETURN (STATUS (MESSAGES))\r\n',
    'a LSUB "" *\r\n',
    'a CREATE x/y (USE (\\Sent))\r\n',
    'a RENAME x INBOX/z\r\n',
  ],
  ...[
    'a DELETE x/y\r\n',
    'a STATUS INBOX (MESSAGES UIDNEXT SIZE)\r\n',
    'a COPY 1:* x/y\r\n',
    'a UID MOVE 1 x/y\r\n',
    'a CLOSE\r\n',
    'a UNSELECT\r\n',
  ],
  ...[
    'a NOTIFY SET STATUS (selected (MessageNew (UID) MessageExpunge FlagChange)) (personal (MailboxName))\r\n',
    'a NOTIFY NONE\r\n',
    'a SETMETADATA INBOX (/shared/comment "x" /private/y NIL)\r\n',
    'a GETMETADATA (MAXSIZE 1 DEPTH infinity) "" (/shared)\r\n',
    'a SETACL INBOX b +lr\r\n',
    'a GETACL INBOX\r\n',
    'a LISTRIGHTS INBOX b\r\n',
    'a GETQUOTAROOT INBOX\r\n',
    'a SETQUOTA "" (STORAGE 1)\r\n',
    'a UIDBATCHES 500 2:1\r\n',
    'a ENABLE UIDONLY\r\n',
    'a NAMESPACE\r\n',
  ],
  ...[
    'a IDLE\r\n',
    'DONE\r\n',
    'a UNAUTHENTICATE\r\n',
    'a LOGOUT\r\n',
    '{3}\r\n',
    '{9+}\r\n',
    '~{4+}\r\n',
    '(',
    ')',
    '"',
    '\\',
    ' ',
    '*',
    '[',
    ']',
    '\r',
    '\n',
  ],
  ...['4294967296', '{99999999999+}\r\n', `${'('.repeat(300)}`, `${'x'.repeat(9000)}\r\n`, '&Jjo-', '\0', '\xff'],
]

function play(chunks: readonly Uint8Array[], authenticated: boolean): string {
  const engine = createImapEngine({
    limits: DEFAULT_LIMITS,
    messageArgument: (name) => (name === 'APPEND' ? 1 : undefined),
    isCommand: (name) => name !== 'UNAUTHENTICATE',
  })
  engine.authenticated = authenticated
  const done = fromLatin1('x OK\r\n')
  const { events, output } = playEngine(engine, chunks, (event) => {
    if (event.type === 'message-bytes' || event.type === 'literal-end') return
    if (event.type === 'literal-start' && event.size < 1000) engine.send({ type: 'accept' })
    else if (event.type === 'command' && event.name === 'IDLE')
      engine.send({ type: 'prompt', bytes: fromLatin1('+ \r\n') })
    else engine.send({ type: 'completion', bytes: done })
  })
  const joined = joinPayload(events as ImapEvent[], 'message-bytes', 'bytes')
  return JSON.stringify(joined, (_, value) => (value instanceof Uint8Array ? latin1(value) : value)) + latin1(output)
}

const MESSAGE = fromLatin1('Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n')

const FAILURES = new Set(['session.failed', 'command.failed', 'push.failed', 'notify.failed'])

/** A server whose failures are told, over a mailbox with two messages. */
async function serve(input: Uint8Array, next: (below: number) => number, opening: string): Promise<void> {
  const store = createMemoryStore()
  store.addAccount('a')
  const staged = await store.stage([MESSAGE])
  const { summary, header } = summarize(MESSAGE)
  for (const dedup of ['1', '2']) await store.deliver({ staged, summary, header, to: [{ account: 'a', dedup }] })
  let failed: unknown = null
  const log = (event: { readonly event: string; readonly error?: unknown }): void => {
    if (FAILURES.has(event.event)) failed = event.error
  }
  const server = createImapServer({
    store,
    authenticate: () => 'a',
    allowInsecureAuth: true,
    limits: { authFailureDelay: 0 },
    log,
  })
  const connection = connectInMemory(server, { log })
  connection.send(fromLatin1(opening))
  for (const chunk of cutUp(input, next)) connection.send(chunk)
  connection.end()
  while (!connection.closed && !connection.pending) {
    connection.take()
    await connection.output()
  }
  check(failed === null, `the session failed: ${failed instanceof Error ? failed.stack : failed}`)
}

export const targets: readonly Target[] = [
  {
    name: 'imap: engine at any cut',
    dictionary: COMMANDS,
    run(input, next) {
      // What stands behind these depends on the cut on purpose: it ends the connection.
      const text = latin1(input).toUpperCase()
      if (text.includes('STARTTLS') || text.includes('COMPRESS')) return
      for (const authenticated of [false, true]) {
        check(
          play([input], authenticated) === play(cutUp(input, next), authenticated),
          'another cutting gave other events or output',
        )
      }
    },
  },
  { name: 'imap: server before login', dictionary: COMMANDS, run: (input, next) => serve(input, next, '') },
  {
    name: 'imap: server after login',
    dictionary: COMMANDS,
    run: (input, next) => serve(input, next, 'x LOGIN a b\r\ny SELECT INBOX\r\n'),
  },
  {
    name: 'imap: server with QRESYNC and NOTIFY',
    dictionary: COMMANDS,
    run: (input, next) =>
      serve(
        input,
        next,
        'x LOGIN a b\r\nx ENABLE QRESYNC IMAP4rev2\r\ny SELECT INBOX\r\n' +
          'z NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MailboxName))\r\n' +
          'z SEARCH RETURN (UPDATE ALL) UNDELETED\r\n',
      ),
  },
]
