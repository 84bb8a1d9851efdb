/** Attacks that have been seen on IMAP servers, by name, and what stops them here. Other files go into detail. */
import { StoreError, writerOf } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, matchesPattern, no, Refusal } from '../src/index.js'
import { DialogueClient, playDialogue } from './dialogue.js'
import { HELLO, message, serverOver, type TestServer, testServer } from './servers.js'

const octets = (text: string): Uint8Array => new TextEncoder().encode(text)

async function loggedIn(made: TestServer, user = 'alice'): Promise<DialogueClient> {
  const client = new DialogueClient(made.server)
  await client.logIn(user)
  return client
}

/** A stranger's octets, and all that is answered before the connection is left alone. */
async function stranger(sent: string): Promise<{ readonly heard: string; readonly closed: boolean }> {
  const connection = connectInMemory(testServer().server)
  connection.send(octets(sent))
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  return { heard: new TextDecoder().decode(connection.take()), closed: connection.closed }
}

describe('literal bombs', () => {
  test.each([
    ['one that is too long', 'a LOGIN {8193}\r\n'],
    ['one that does not wait', 'a LOGIN {4294967295+}\r\n'],
    ['more digits than a number has', 'a LOGIN {99999999999999999999}\r\n'],
    ['too many', `a LOGIN ${'{1+}\r\nx '.repeat(5)}\r\n`],
  ])('before login: %s', async (_, sent) => {
    const { heard, closed } = await stranger(sent)
    expect(heard).toMatch(/^\* OK .*\r\n(a BAD |\* BYE )/)
    expect(heard).not.toContain('\r\n+ ')
    expect(closed || heard.includes('BAD')).toBe(true)
  })

  test('after login: the sum of all literals of a command', async () => {
    const client = await loggedIn(testServer())
    client.send(`a SEARCH OR SUBJECT {${DEFAULT_LIMITS.literal + 1}}`)
    expect(await client.line()).toMatch(/^a (BAD|NO) /)
  })

  test('a message that is too large is refused before an octet of it is sent', async () => {
    const client = await loggedIn(testServer())
    client.send(`a APPEND INBOX {${DEFAULT_LIMITS.message + 1}}`)
    expect(await client.line()).toMatch(/^a NO \[TOOBIG\]/)
  })
})

describe('bombs of parentheses', () => {
  test.each(['(', ')', '()', '((', '[', '{'])('before login, without a line end: %s', async (piece) => {
    const { heard, closed } = await stranger(`a ID ${piece.repeat(100_000)}`)
    expect(heard).toMatch(/\* BYE |a BAD /)
    expect(closed).toBe(true)
  })

  test.each(['(', ')', '()'])('after login: %s', async (piece) => {
    const made = testServer()
    const client = await loggedIn(made)
    await client.run('s SELECT INBOX')
    expect((await client.run(`a SEARCH ${piece.repeat(20_000)}`)).at(-1)).toMatch(/^a BAD /)
    expect((await client.run(`b FETCH 1 ${piece.repeat(20_000)}`)).at(-1)).toMatch(/^b BAD /)
    expect(await client.run('n NOOP')).toEqual(['n OK NOOP completed'])
  })
})

describe('patterns that take exponential time elsewhere', () => {
  test.each(['*', '%', '*%', '%*a'])('LIST %s, many times', (piece) => {
    expect(matchesPattern('a'.repeat(500), `${piece.repeat(400)}b`)).toBe(false)
  })

  test.each(['LIST "" ("*x" "*a*b")', 'LSUB "" *a*b'])(
    'others have their turn in %s of many names',
    async (command) => {
      const made = testServer()
      const { commit } = writerOf(await made.account())
      const paths = Array.from({ length: 1_100 }, (_, i) => [`a${i}`])
      await commit(paths.map((path) => ({ op: 'create', path })))
      await commit(paths.map((path) => ({ op: 'subscribe', path, on: true })))
      const client = await loggedIn(made)
      const order: string[] = []
      setImmediate(() => order.push('others'))
      expect(await client.run(`a ${command}`)).toHaveLength(1)
      expect(order).toEqual(['others'])
    },
  )
})

describe('commands that cost a lot', () => {
  test.each([
    ['a UID FETCH 1:4294967295 FLAGS', /^a OK/],
    [`a UID FETCH ${'1:4294967295,'.repeat(4_000)}1 FLAGS`, /^a OK/],
    [`a UID FETCH ${'1:2,'.repeat(11_000)}1 FLAGS`, /^a BAD/],
    [`a SEARCH ${'OR '.repeat(2_000)}ALL ALL`, /^a (BAD|NO)/],
    [`a SEARCH ${'NOT '.repeat(200)}ALL`, /^a (BAD|NO)/],
    [`a SEARCH ${'('.repeat(101)}ALL${')'.repeat(101)}`, /^a (BAD|NO)/],
    [`a SORT (${'SUBJECT '.repeat(30)}DATE) UTF-8 ALL`, /^a (BAD|NO)/],
  ])('%.60s', async (command, wanted) => {
    const made = testServer()
    for (let i = 0; i < 3; i++) await made.deliver(HELLO)
    const client = await loggedIn(made)
    await client.run('s SELECT INBOX')
    const lines = await client.run(command)
    expect(lines.at(-1)?.slice(0, 60)).toMatch(wanted)
    // A message that a set names a thousand times is told once.
    expect(lines.length).toBeLessThanOrEqual(4)
  })
})

describe('names that are keys of every object', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s', async (name) => {
    const made = testServer()
    await made.deliver(message(`${name}: text`, '', 'x'))
    const client = await loggedIn(made)
    for (const [command, wanted] of [
      [`i ID ("${name}" "${name}")`, /^i OK/],
      [`e ENABLE ${name}`, /^e OK/],
      [`c CREATE ${name}`, /^c OK/],
      [`m SETMETADATA ${name} (/shared/${name} "x")`, /^m OK/],
      [`n GETMETADATA ${name} /shared/${name}`, /^n OK/],
      ['s SELECT INBOX', /^s OK/],
      [`t STORE 1 +FLAGS (${name})`, /^t OK/],
      [`u SEARCH KEYWORD ${name} HEADER ${name} text`, /^u OK/],
      [`v FETCH 1 BODY.PEEK[HEADER.FIELDS (${name})]`, /^v OK/],
      [`w ${name}`, /^w BAD/],
      [`x SEARCH ${name}`, /^x BAD/],
      [`y FETCH 1 ${name}`, /^y BAD/],
      [`z STATUS INBOX (${name})`, /^z BAD/],
    ] as const) {
      expect((await client.run(command)).at(-1)).toMatch(wanted)
    }
    expect(({} as Record<string, unknown>).text).toBeUndefined()
    expect(await client.run(`q SEARCH KEYWORD ${name}`)).toContain('* SEARCH 1')
  })
})

describe('names of mailboxes that would be something else', () => {
  test.each([
    ['"a//b"', 'an empty segment'],
    ['"/a"', 'a delimiter in front'],
    ['"*"', 'a wildcard'],
    ['"a/%"', 'a wildcard below'],
    ['"&AGE-"', 'ASCII in base64'],
    ['"&"', 'half a shift'],
    ['"&AOk"', 'a shift without an end'],
    ['"&AOk-&AOk-"', 'two shifts for one'],
    ['{3+}\\r\\na\u0000b', 'NUL'],
    ['{4+}\\r\\na\\r\\nb', 'a line end'],
    [`"${'x'.repeat(5_000)}"`, 'a name without an end'],
    [`"${'x/'.repeat(500)}y"`, 'depth without an end'],
  ])('%s: %s', async (name) => {
    const client = await loggedIn(testServer())
    expect((await client.run(`a CREATE ${name}`)).at(-1)).toMatch(/^a (BAD|NO) /)
    expect(await client.run('l LIST "" *')).toEqual(['* LIST (\\HasNoChildren) "/" INBOX', 'l OK LIST completed'])
  })

  test('`..` is a name like any other: no path is made of it', async () => {
    const client = await loggedIn(testServer())
    expect((await client.run('a CREATE ../../etc/passwd')).at(-1)).toMatch(/^a OK/)
    expect((await client.run('b STATUS ../../etc/passwd (MESSAGES)'))[0]).toBe('* STATUS ../../etc/passwd (MESSAGES 0)')
  })
})

/** Text as the dialogue hears it: octet by octet. */
const wire = (text: string): string => latin1(octets(text))

describe('Unicode that is not what it seems', () => {
  test('invalid UTF-8 is refused as a name of a mailbox or a user', async () => {
    const client = await loggedIn(testServer())
    client.connection.send(Uint8Array.from([...octets('a CREATE {2+}\r\n'), 0xc3, 0x28, 13, 10]))
    expect(await client.line()).toMatch(/^a BAD /)
    const connection = connectInMemory(testServer({ authenticate: () => 'alice' }).server)
    connection.send(Uint8Array.from([...octets('a LOGIN {2+}\r\n'), 0xc3, 0x28, ...octets(' x\r\n')]))
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(new TextDecoder().decode(connection.take())).toMatch(/a (BAD|NO) /)
  })

  test('two spellings of one name are one mailbox, and rev2 is told which (RFC 9051 §6.3.9.7)', async () => {
    await playDialogue(
      testServer().server,
      `
      alice> a0 ENABLE IMAP4rev2
      alice< ...
      alice< a0 OK ENABLE completed
      alice> a1 CREATE "e\u0301t\u00e9"
      alice< * LIST () "/" "${wire('\u00e9t\u00e9')}" ("OLDNAME" ("${wire('e\u0301t\u00e9')}"))
      alice< a1 OK {*}
      alice> a2 CREATE "\u00e9te\u0301"
      alice< a2 NO [ALREADYEXISTS] {*}
      alice> a3 SELECT "\u00e9te\u0301"
      alice< ...
      alice< * LIST (\\HasNoChildren) "/" "${wire('\u00e9t\u00e9')}" ("OLDNAME" ("${wire('\u00e9te\u0301')}"))
      alice< ...
      alice< a3 OK [READ-WRITE] SELECT completed
    `,
    )
  })
})

describe('guessing of passwords, and of who has an account', () => {
  test('who is not there and who has another password hear the same', async () => {
    const answers = []
    for (const user of ['alice', 'nobody', '__proto__']) {
      const client = new DialogueClient(testServer().server)
      await client.line()
      answers.push((await client.run(`a LOGIN ${user} wrong`)).at(-1))
    }
    expect(new Set(answers)).toEqual(new Set(['a NO [AUTHENTICATIONFAILED] Authentication failed']))
  })

  test('an exchange that is broken off, is no base64 or has no end', async () => {
    for (const [line, wanted] of [
      ['*', /^a BAD/],
      ['!!!', /^a (BAD|NO)/],
      ['QUJD'.repeat(10_000), /^(a (BAD|NO)|\* BYE)/],
    ] as const) {
      const client = new DialogueClient(testServer().server)
      await client.line()
      client.send('a AUTHENTICATE PLAIN')
      expect(await client.line()).toMatch(/^\+/)
      client.send(line)
      expect(await client.line()).toMatch(wanted)
    }
  })
})

describe('memory of those who have not logged in', () => {
  test('a line without an end', async () => {
    const { heard, closed } = await stranger('a'.repeat(200_000))
    expect(heard).toContain('* BYE')
    expect(closed).toBe(true)
  })

  test('commands without an end', async () => {
    const { heard, closed } = await stranger('a XYZZY\r\n'.repeat(1_000))
    expect(heard.split('\r\n').length).toBeLessThan(20)
    expect(closed).toBe(true)
  })
})

describe('what others have', () => {
  test.each([
    'a SELECT NAME',
    'a EXAMINE NAME',
    'a STATUS NAME (MESSAGES)',
    'a GETACL NAME',
    'a MYRIGHTS NAME',
    'a LISTRIGHTS NAME bob',
    'a SETACL NAME bob lr',
    'a GETMETADATA NAME /shared/comment',
    'a SETMETADATA NAME (/shared/comment "x")',
    'a GETQUOTAROOT NAME',
    'a APPEND NAME {3+}\\r\\nx: ',
    'a DELETE NAME',
    'a RENAME NAME Mine',
    'a ESEARCH IN (mailboxes NAME) ALL',
    'a LIST "" NAME',
    'a LIST "" NAME RETURN (STATUS (MESSAGES))',
    'a NOTIFY SET STATUS (mailboxes NAME (MessageNew MessageExpunge))',
  ])('%s: a mailbox that is not shared is as one that is not there', async (command) => {
    const made = testServer()
    await made.deliver(HELLO, { path: ['Secret'] })
    const answers = []
    for (const name of ['Other Users/alice/Secret', 'Other Users/alice/Nothing']) {
      const bob = await loggedIn(made, 'bob')
      answers.push((await bob.run(command.replace('NAME', `"${name}"`))).map((line) => line.replaceAll(name, 'NAME')))
    }
    expect(answers[0]).toEqual(answers[1])
  })
})

describe('compression', () => {
  test('is not for strangers', async () => {
    const { heard } = await stranger('a COMPRESS DEFLATE\r\nb CAPABILITY\r\n')
    expect(heard).toContain('a BAD ')
    expect(heard).not.toContain('COMPRESS=')
  })
})

describe('lines within replies', () => {
  const evil = 'x\r\n* BYE injected\r\n'

  test('an error of the application or of a store', async () => {
    const made = testServer()
    const server = serverOver(made, () => ({
      commit: async ([op]) => {
        if (op?.op === 'create' && op.path[0] === 'Refused') throw new Refusal(no(evil, 'LIMIT'))
        throw op?.op === 'create' && op.path[0] === 'Store' ? new StoreError('limit', evil) : new Error(evil)
      },
    }))
    for (const name of ['Store', 'Error', 'Refused']) {
      const client = new DialogueClient(server)
      await client.logIn('alice')
      const lines = await client.run(`a CREATE ${name}`).catch((error: Error) => [error.message])
      expect(lines.join('\n')).not.toContain('* BYE injected')
    }
  })

  test('what a client said comes back within quotes or as a literal', async () => {
    const client = await loggedIn(testServer())
    await client.run('m SETMETADATA "" (/shared/x {10+}\\r\\na\\r\\n* BYE b)')
    expect(await client.run('n GETMETADATA "" /shared/x')).toEqual([
      '* METADATA "" (/shared/x {10}',
      'a',
      '* BYE b)',
      'n OK GETMETADATA completed',
    ])
  })
})
