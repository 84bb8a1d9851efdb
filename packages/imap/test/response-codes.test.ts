/** Every response code of RFC 5530, RFC 9051 and of the extensions that are here: a command that brings it about. */
import { Flag, type StoreCode, StoreError } from '@posthouse/store-api'
import { describe, expect, test } from 'vitest'
import { messageLimit, no, Refusal, saveLimit, standardExtensions } from '../src/index.js'
import { DialogueClient } from './dialogue.js'
import { HELLO, message, type TestServer, testServer } from './servers.js'

interface Row {
  readonly code: string
  /** The last one brings it about. */
  readonly commands: readonly string[]
  /** The response that has it. */
  readonly wanted: RegExp
  readonly options?: Parameters<typeof testServer>[0]
  readonly setup?: (made: TestServer) => Promise<void> | void
  /** Another session does this before the last command. */
  readonly meanwhile?: readonly string[]
  /** The store refuses every commit with this. */
  readonly refuses?: StoreCode | 'error'
  /** The store has no `expunged`. */
  readonly forgets?: boolean
  readonly login?: false
}

const SELECT = 's1 SELECT INBOX'
const APPEND = 'APPEND INBOX {9+}\\r\\nA: b\\r\\n\\r\\nx'

/** An application that has more to say than that a login has failed. */
const refusedLogin = (code: string): Omit<Row, 'code'> => ({
  login: false,
  options: {
    authenticate: {
      password() {
        throw new Refusal(no('Ask in room 5', code))
      },
    },
  },
  commands: ['x LOGIN alice secret'],
  wanted: new RegExp(`^x NO \\[${code}\\] Ask in room 5$`),
})

const table: readonly Row[] = [
  // RFC 5530
  { code: 'UNAVAILABLE', commands: ['x CREATE New'], refuses: 'unavailable', wanted: /^x NO \[UNAVAILABLE\]/ },
  {
    code: 'AUTHENTICATIONFAILED',
    login: false,
    commands: ['x LOGIN alice wrong'],
    wanted: /^x NO \[AUTHENTICATIONFAILED\]/,
  },
  {
    code: 'PRIVACYREQUIRED',
    login: false,
    options: { allowInsecureAuth: false },
    commands: ['x LOGIN alice secret'],
    wanted: /^x NO \[PRIVACYREQUIRED\]/,
  },
  {
    code: 'AUTHORIZATIONFAILED',
    ...refusedLogin('AUTHORIZATIONFAILED'),
    commands: ['x AUTHENTICATE PLAIN Ym9iAGFsaWNlAHNlY3JldA=='],
  },
  { code: 'EXPIRED', ...refusedLogin('EXPIRED') },
  { code: 'CONTACTADMIN', ...refusedLogin('CONTACTADMIN') },
  { code: 'ALERT', ...refusedLogin('ALERT') },
  { code: 'NOPERM', commands: ['e EXAMINE INBOX', 'x STORE 1 +FLAGS (\\Seen)'], wanted: /^x NO \[NOPERM\]/ },
  { code: 'INUSE', commands: ['x CREATE New'], refuses: 'busy', wanted: /^x NO \[INUSE\]/ },
  {
    code: 'EXPUNGEISSUED',
    commands: [SELECT, 'x FETCH 1:2 FLAGS'],
    meanwhile: [SELECT, 'm STORE 1 +FLAGS.SILENT (\\Deleted)', 'n EXPUNGE'],
    wanted: /^x OK \[EXPUNGEISSUED\]/,
  },
  {
    code: 'EXPUNGEISSUED, where the store does not say what it has expunged',
    forgets: true,
    commands: [SELECT, 'x FETCH 1:2 FLAGS'],
    meanwhile: [SELECT, 'm STORE 1 +FLAGS.SILENT (\\Deleted)', 'n EXPUNGE'],
    wanted: /^x NO \[EXPUNGEISSUED\]/,
  },
  { code: 'SERVERBUG', commands: ['x CREATE New'], refuses: 'error', wanted: /^x NO \[SERVERBUG\]/ },
  { code: 'CLIENTBUG', commands: [SELECT, 'x UIDBATCHES 500 2:1'], wanted: /^x BAD \[CLIENTBUG\]/ },
  { code: 'CANNOT', commands: ['x DELETE INBOX'], wanted: /^x NO \[CANNOT\]/ },
  { code: 'LIMIT', commands: [`x ${APPEND}`], refuses: 'limit', wanted: /^x NO \[LIMIT\]/ },
  {
    code: 'OVERQUOTA',
    setup: ({ store }) => store.setQuota('alice', { bytes: 1 }),
    commands: [`x ${APPEND}`],
    wanted: /^x NO \[OVERQUOTA\]/,
  },
  { code: 'ALREADYEXISTS', commands: ['c CREATE New', 'x CREATE New'], wanted: /^x NO \[ALREADYEXISTS\]/ },
  {
    code: 'ALREADYEXISTS, for the name that it has (RFC 9051 §6.3.6)',
    commands: ['c CREATE New', 'x RENAME New New'],
    wanted: /^x NO \[ALREADYEXISTS\]/,
  },
  { code: 'NONEXISTENT', commands: ['x SELECT Nowhere'], wanted: /^x NO \[NONEXISTENT\]/ },
  // RFC 9051 §7.1, RFC 3501 §7.1
  { code: 'APPENDUID', commands: [`x ${APPEND}`], wanted: /^x OK \[APPENDUID \d+ 3\]/ },
  { code: 'BADCHARSET', commands: [SELECT, 'x SEARCH CHARSET X-NONE ALL'], wanted: /^x NO \[BADCHARSET/ },
  { code: 'CAPABILITY', login: false, commands: ['x LOGIN alice secret'], wanted: /^x OK \[CAPABILITY IMAP4rev1 / },
  { code: 'CLOSED', commands: [SELECT, 'x SELECT INBOX'], wanted: /^\* OK \[CLOSED\]/ },
  { code: 'COPYUID', commands: [SELECT, 'x COPY 1:2 INBOX'], wanted: /^x OK \[COPYUID \d+ 1:2 3:4\]/ },
  { code: 'HASCHILDREN', commands: ['c CREATE Parent/Child', 'x DELETE Parent'], wanted: /^x NO \[HASCHILDREN\]/ },
  {
    code: 'NOTSAVED',
    options: { limits: { searchOpened: 0 } },
    commands: [SELECT, 'x SEARCH RETURN (SAVE) BODY hello'],
    wanted: /^x NO \[NOTSAVED\]/,
  },
  { code: 'PERMANENTFLAGS', commands: [SELECT], wanted: /^\* OK \[PERMANENTFLAGS \(.*\\\*\)\]/ },
  { code: 'READ-ONLY', commands: ['x EXAMINE INBOX'], wanted: /^x OK \[READ-ONLY\]/ },
  { code: 'READ-WRITE', commands: ['x SELECT INBOX'], wanted: /^x OK \[READ-WRITE\]/ },
  { code: 'TRYCREATE', commands: ['x APPEND Nowhere {9}'], wanted: /^x NO \[TRYCREATE\]/ },
  { code: 'UIDNEXT', commands: [SELECT], wanted: /^\* OK \[UIDNEXT 3\]/ },
  { code: 'UIDVALIDITY', commands: [SELECT], wanted: /^\* OK \[UIDVALIDITY \d+\]/ },
  { code: 'UNSEEN', commands: [SELECT], wanted: /^\* OK \[UNSEEN 1\]/ },
  {
    code: 'UNKNOWN-CTE',
    setup: (made) => made.deliver(message('Content-Transfer-Encoding: x-none', '', 'text')),
    commands: [SELECT, 'x FETCH 3 BINARY.PEEK[1]'],
    wanted: /^x NO \[UNKNOWN-CTE\]/,
  },
  // Extensions
  { code: 'BADEVENT', commands: ['x NOTIFY SET (personal (Nothing))'], wanted: /^x NO \[BADEVENT \(/ },
  { code: 'HIGHESTMODSEQ', commands: [SELECT], wanted: /^\* OK \[HIGHESTMODSEQ \d+\]/ },
  {
    code: 'INPROGRESS',
    options: { limits: { progress: 0 } },
    setup: async (made) => {
      for (let i = 0; i < 1_100; i++) await made.deliver('x')
    },
    commands: [SELECT, 'x SEARCH BODY nothing'],
    wanted: /^\* OK \[INPROGRESS \("x" \d+ 1102\)\]/,
  },
  { code: 'MAILBOXID', commands: ['x CREATE New'], wanted: /^x OK \[MAILBOXID \(\S+\)\]/ },
  {
    code: 'MESSAGELIMIT',
    options: { extensions: [...standardExtensions, messageLimit(1)] },
    commands: [SELECT, 'x FETCH 1:2 UID'],
    wanted: /^x OK \[MESSAGELIMIT 1 2\]/,
  },
  {
    code: 'SAVELIMIT, which is told as MESSAGELIMIT (RFC 9738 §4)',
    options: { extensions: [...standardExtensions, saveLimit(1)] },
    commands: [SELECT, 'x COPY 1:2 INBOX'],
    wanted: /^x NO \[MESSAGELIMIT 1\]/,
  },
  {
    code: 'METADATA LONGENTRIES',
    commands: ['m SETMETADATA "" (/shared/x "long")', 'x GETMETADATA (MAXSIZE 3) "" /shared/x'],
    wanted: /^x OK \[METADATA LONGENTRIES 4\]/,
  },
  {
    code: 'METADATA MAXSIZE',
    commands: [`x SETMETADATA "" (/shared/x {65537+}\\r\\n${'x'.repeat(65_537)})`],
    wanted: /^x NO \[METADATA MAXSIZE 65536\]/,
  },
  {
    code: 'METADATA TOOMANY',
    commands: ['x SETMETADATA "" (/shared/x "y")'],
    refuses: 'limit',
    wanted: /^x NO \[METADATA TOOMANY\]/,
  },
  {
    code: 'MODIFIED',
    commands: [SELECT, 'x STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)'],
    wanted: /^x OK \[MODIFIED 1\]/,
  },
  {
    code: 'NOTIFICATIONOVERFLOW',
    options: { limits: { notifyMailboxes: 0 } },
    commands: ['x NOTIFY SET (personal (MailboxName))'],
    wanted: /^x NO \[NOTIFICATIONOVERFLOW\]/,
  },
  {
    code: 'NOUPDATE',
    options: { limits: { updatingSearches: 0 } },
    commands: [SELECT, 'x SEARCH RETURN (UPDATE COUNT) ALL'],
    wanted: /^\* NO \[NOUPDATE "x"\]/,
  },
  { code: 'TOOBIG', options: { limits: { message: 8 } }, commands: ['x APPEND INBOX {9}'], wanted: /^x NO \[TOOBIG\]/ },
  { code: 'TOOFEW', commands: [SELECT, 'x UIDBATCHES 1'], wanted: /^x NO \[TOOFEW\]/ },
  { code: 'TOOMANY', commands: [SELECT, 'x UIDBATCHES 500 1:100000'], wanted: /^x NO \[TOOMANY\]/ },
  { code: 'UIDREQUIRED', commands: ['e ENABLE UIDONLY', SELECT, 'x FETCH 1 UID'], wanted: /^x BAD \[UIDREQUIRED\]/ },
  { code: 'USEATTR', commands: ['x CREATE New (USE (\\Nonsense))'], wanted: /^x NO \[USEATTR\]/ },
]

/** Codes that need more than this table can give. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  COMPRESSIONACTIVE: 'node.test.ts: a socket',
}

/** Codes that this server never sends, and why. */
const NEVER: Readonly<Record<string, string>> = {
  CORRUPTION: 'a store that finds its data broken says `unavailable`',
  PARSE: 'a header that is no header is told as what can be read of it',
  REFERRAL: 'there are no other servers',
  UIDNOTSTICKY: 'a store keeps UIDs (R6)',
  NOMODSEQ: 'a store keeps modification sequences of all mailboxes (R2)',
  'METADATA NOPRIVATE': 'private annotations are kept wherever shared ones are',
  BADCOMPARATOR: 'there is one comparator (I18NLEVEL=1)',
  BADURL: 'no CATENATE, no URLAUTH: too many holes were found in both',
  'UNDEFINED-FILTER': 'no FILTERS',
}

/** The store of `made` without the optional `expunged`. */
function forgetful(made: TestServer): TestServer['store'] {
  return {
    ...made.store,
    async open(name, as) {
      const { expunged: _, ...account } = await made.store.open(name, as)
      return account
    },
  }
}

function refusing(made: TestServer, code: StoreCode | 'error'): TestServer['store'] {
  return {
    ...made.store,
    async open(name, as) {
      const account = await made.store.open(name, as)
      return {
        ...account,
        commit: async () => {
          throw code === 'error' ? new Error('a bug') : new StoreError(code, 'refused')
        },
      }
    },
  }
}

describe('response codes', () => {
  test.each(table)(
    '$code',
    async ({ commands, wanted, options = {}, setup, meanwhile = [], refuses, forgets, login }) => {
      const base = testServer()
      for (let i = 0; i < 2; i++) await base.deliver(HELLO, { flags: i === 1 ? Flag.Seen : 0 })
      await setup?.(base)
      const store = refuses ? refusing(base, refuses) : forgets ? forgetful(base) : base.store
      const { server } = testServer({ store, ...options })
      const connect = async (): Promise<DialogueClient> => {
        const client = new DialogueClient(server)
        if (login === false) await client.line()
        else await client.logIn('alice')
        return client
      }
      const client = await connect()
      for (const command of commands.slice(0, -1)) await client.run(command)
      if (meanwhile.length > 0) {
        const other = await connect()
        for (const command of meanwhile) await other.run(command)
      }
      const lines = await client.run(commands.at(-1) as string)
      expect(lines.some((line) => wanted.test(line)) ? '' : lines.join('\n')).toBe('')
    },
  )

  test('every code of RFC 5530, RFC 9051 and the extensions has a row, or a reason', () => {
    const registered = `UNAVAILABLE AUTHENTICATIONFAILED AUTHORIZATIONFAILED EXPIRED PRIVACYREQUIRED CONTACTADMIN NOPERM
      INUSE EXPUNGEISSUED CORRUPTION SERVERBUG CLIENTBUG CANNOT LIMIT OVERQUOTA ALREADYEXISTS NONEXISTENT
      ALERT APPENDUID BADCHARSET CAPABILITY CLOSED COPYUID HASCHILDREN NOTSAVED PARSE PERMANENTFLAGS READ-ONLY
      READ-WRITE TRYCREATE UIDNEXT UIDNOTSTICKY UIDVALIDITY UNKNOWN-CTE REFERRAL HIGHESTMODSEQ NOMODSEQ MODIFIED TOOBIG
      COMPRESSIONACTIVE USEATTR BADEVENT NOTIFICATIONOVERFLOW NOUPDATE MAILBOXID UIDREQUIRED MESSAGELIMIT INPROGRESS
      TOOFEW TOOMANY BADCOMPARATOR BADURL UNDEFINED-FILTER`.split(/\s+/)
    const known = new Set([...table.map(({ code }) => code), ...Object.keys(ELSEWHERE), ...Object.keys(NEVER)])
    expect(registered.filter((code) => !known.has(code))).toEqual([])
  })
})
