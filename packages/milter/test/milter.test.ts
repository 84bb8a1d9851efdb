import {
  createLmtpServer,
  dsnEnvelope,
  dsnExtension,
  dsnRecipient,
  onMessage,
  replies,
  reply,
  type SmtpHandler,
  subaddress,
  subaddressing,
} from '@posthouse/smtp'
import { latin1 } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { milter, quarantined } from '../src/index.js'
import { agree, fakeMilter, number, options, type Script } from './fake-milter.js'
import { filtered, HELLO, message, play } from './servers.js'

/** Agrees with everything, but says this to packets that begin so. */
const saying =
  (answers: Readonly<Record<string, ReturnType<Script>>>, negotiation = options()): Script =>
  (heard) => {
    const key = Object.keys(answers).find((start) => heard.startsWith(start))
    return key === undefined ? agree(heard, negotiation) : answers[key]
  }

/** Commands without their macros. */
const commands = (heard: readonly string[]): readonly string[] => heard.filter((packet) => !packet.startsWith('D'))

describe('what a milter is shown', () => {
  test('a session from the connection to QUIT, each step with its macros', async () => {
    const fake = fakeMilter()
    const { server, passed } = filtered(fake)
    const text = message('250 2.0.0 {*}', ['Subject: one', '\ttwo', 'X-Empty:', '', 'line 1', '..line 2'])
    await play(server, `${HELLO}${text}  C: QUIT\n  S: 221 {*}\n`)
    expect(fake.heard).toEqual([
      'connect',
      `O ${number(6)}${number(0x1ff)}${number(0x1ff7ff)}`.replaceAll('\0', '|'),
      'D Cj|mx.example.org|_|unknown [192.0.2.1]|{daemon_name}|smtp|{daemon_addr}|192.0.2.25|{daemon_port}|25|v|Posthouse|{client_addr}|192.0.2.1|{client_name}|unknown|',
      'C [192.0.2.1]|4\u00c0|192.0.2.1|',
      'D H{client_ptr}|unknown|{client_port}|49152|',
      'H client.example|',
      'D Mi|1kdvdna00000000000000|{mail_addr}|a@example.org|{mail_host}|example.org|{mail_mailer}|smtp|',
      'M <a@example.org>|',
      'D R{rcpt_addr}|b@example.org|{rcpt_host}|example.org|{rcpt_mailer}|smtp|',
      'R <b@example.org>|',
      'D Ti|1kdvdna00000000000000|',
      'T',
      'L Subject|one\n\ttwo|',
      'L X-Empty||',
      'D Ni|1kdvdna00000000000000|',
      'N',
      'B line 1\r\n.line 2\r\n',
      'D Ei|1kdvdna00000000000000|',
      'E',
      'K',
    ])
    expect(passed).toHaveLength(1)
    expect(passed[0].text).toBe('Subject: one\r\n\ttwo\r\nX-Empty:\r\n\r\nline 1\r\n.line 2\r\n')
  })

  test('STARTTLS is no other session, and is seen in the macros', async () => {
    const fake = fakeMilter()
    const ehlo = 'C: EHLO client.example\nS: ...\nS: 250 {*}\n'
    await play(
      filtered(fake).server,
      `${HELLO}C: STARTTLS\nS: 220 {*}\n-- tls --\n${ehlo}${message('250 {*}')}  C: QUIT\n  S: 221 {*}\n`,
    )
    expect(
      commands(fake.heard)
        .map((packet) => packet[0])
        .join(''),
    ).toBe('cOCHHMRTLNBEK')
    expect(fake.heard.filter((packet) => packet.startsWith('D H{tls_version}|TLSv1.3|'))).toHaveLength(1)
  })

  test('not what it does not want to see; what it does not answer is not waited for', async () => {
    const skips = 0x01 | 0x02 | 0x08 | 0x200 | 0x40
    const silent = 0x80 | 0x4000 | 0x80000
    const quiet = (heard: string): readonly string[] =>
      'MLB'.includes(heard[0]) ? [] : agree(heard, options(skips | silent))
    const fake = fakeMilter(quiet)
    const { server, passed } = filtered(fake)
    await play(server, `${HELLO}${message('250 2.0.0 {*}')}  C: QUIT\n  S: 221 {*}\n`)
    expect(commands(fake.heard).slice(2)).toEqual(['M <a@example.org>|', 'L Subject|x|', 'B text\r\n', 'E', 'K'])
    expect(passed).toHaveLength(1)
  })

  test('values with the blank behind the colon, if it wants them so', async () => {
    const fake = fakeMilter((heard) => agree(heard, options(0x100000)))
    await play(filtered(fake).server, HELLO + message('250 {*}', ['A:  two', 'B:none', '', 'x']))
    expect(fake.heard.filter((one) => one.startsWith('L'))).toEqual(['L A|  two|', 'L B|none|'])
  })

  test('a milter of version 2 sees no DATA and is not asked to go on with another session', async () => {
    const fake = fakeMilter((heard) => agree(heard, options(0, 2, 0x1f)))
    await play(filtered(fake).server, `${HELLO}${message('250 {*}')}  C: QUIT\n  S: 221 {*}\n`)
    expect(commands(fake.heard)).not.toContain('T')
    expect(fake.heard.at(-1)).toBe('Q')
  })

  test('a milter of version 4 that answers no header field is not waited for', async () => {
    const fake = fakeMilter((heard) => (heard.startsWith('L') ? [] : agree(heard, options(0x80, 4, 0x1f))))
    const { server, passed } = filtered(fake, { limits: { command: 50 } })
    await play(server, `${HELLO}${message('250 {*}')}`)
    expect(passed).toHaveLength(1)
  })

  test('macros of its own choice, and values of the application', async () => {
    const macros = `${number(2)}i, {tenant} mail_addr\0`
    const fake = fakeMilter((heard) => agree(heard, options(0, 6, 0x1ff, macros)))
    const macro = (name: string): string | null => (name === '{tenant}' ? 'acme' : null)
    await play(filtered(fake, { macro }).server, HELLO + message('250 {*}'))
    expect(fake.heard).toContain('D Mi|1kdvdna00000000000000|{tenant}|acme|{mail_addr}|a@example.org|')
  })

  test('a body comes in pieces of 65,535 octets; after "skip" no more of it', async () => {
    const lines = ['Subject: x', '', ...Array.from({ length: 3_000 }, () => 'x'.repeat(70))]
    const sizes = (heard: readonly string[]): readonly number[] =>
      heard.filter((one) => one.startsWith('B')).map((one) => one.length - 2)
    const whole = fakeMilter()
    await play(filtered(whole).server, HELLO + message('250 {*}', lines))
    expect(sizes(whole.heard)).toEqual([65_535, 65_535, 65_535, 216_000 - 3 * 65_535])
    const enough = fakeMilter(saying({ B: ['s'] }, options(0x400)))
    await play(filtered(enough).server, HELLO + message('250 {*}', lines))
    expect(sizes(enough.heard)).toEqual([65_535])
  })

  test('lines that are no header field end the header', async () => {
    const fake = fakeMilter(saying({ E: ['hX-New\0yes\0', 'c'] }))
    const { server, passed } = filtered(fake)
    await play(server, HELLO + message('250 {*}', ['Subject: x', 'no field', 'To: y', '', 'z']))
    expect(commands(fake.heard).slice(7, 10)).toEqual(['L Subject|x|', 'N', 'B no field\r\nTo: y\r\n\r\nz\r\n'])
    expect(passed[0].text).toBe('Subject: x\r\nX-New: yes\r\n\r\nno field\r\nTo: y\r\n\r\nz\r\n')
  })
})

describe('verdicts', () => {
  test.each([
    ['r', '550 5.7.1 Refused by a content filter'],
    ['t', '451 4.7.1 Service unavailable; try again later'],
    ['y550 5.7.1 Spam: 100%%\0', '550 5.7.1 Spam: 100%'],
    ['y451 Later\0', '451 4.7.1 Later'],
  ])('%j at the end of the message', async (verdict, answer) => {
    const fake = fakeMilter(saying({ E: [verdict] }))
    const { server, passed } = filtered(fake)
    await play(server, HELLO + message(answer) + message(answer))
    expect(passed).toEqual([])
  })

  test('a reply of several lines', async () => {
    const { server } = filtered(fakeMilter(saying({ E: ['y550-5.7.1 one\r\n550 5.7.1 two\0'] })))
    await play(server, HELLO + message('550-5.7.1 one\n    S: 550 5.7.1 two'))
  })

  test.each(['L', 'N', 'B', 'T'])('a refusal at %s: nothing more is shown, the next message is', async (at) => {
    let refuses = true
    const fake = fakeMilter((heard) => (heard.startsWith(at) && refuses ? ['r'] : agree(heard)))
    const { server, passed } = filtered(fake)
    const first =
      at === 'T'
        ? `
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 {*}
    S: 250 2.1.5 {*}
    S: 550 5.7.1 {*}
`
        : message('550 5.7.1 {*}')
    await play(server, HELLO + first)
    expect(fake.heard).not.toContain('E')
    refuses = false
    await play(server, HELLO + message('250 {*}'))
    expect(passed).toHaveLength(1)
  })

  test('a refusal at MAIL, and at one of several RCPT', async () => {
    const fake = fakeMilter(saying({ 'M <bad': ['r'], 'R <bad': ['y550 5.1.1 No such\0'] }))
    const { server, passed } = filtered(fake)
    await play(
      server,
      `${HELLO}
    C: MAIL FROM:<bad@example.org>
    S: 550 5.7.1 {*}
    C: MAIL FROM:<a@example.org>
    C: RCPT TO:<bad@example.org>
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 2.1.0 {*}
    S: 550 5.1.1 No such
    S: 250 2.1.5 {*}
    S: 354 {*}
    C: x
    C: .
    S: 250 {*}
`,
    )
    expect(passed.map(({ to }) => to)).toEqual([['b@example.org']])
  })

  test('accept: of a connection, and of a message', async () => {
    const all = fakeMilter(saying({ C: ['a'] }))
    await play(filtered(all).server, HELLO + message('250 {*}'))
    expect(commands(all.heard).map((one) => one[0])).toEqual(['c', 'O', 'C', 'Q'])
    const one = fakeMilter(saying({ R: ['a'] }))
    await play(filtered(one).server, HELLO + message('250 {*}') + message('250 {*}'))
    expect(commands(one.heard).map((packet) => packet[0])).toEqual(['c', 'O', 'C', 'H', 'M', 'R', 'M', 'R'])
  })

  test.each(['M', 'R', 'L', 'B', 'E'])('discard at %s: 250, and nobody gets it', async (at) => {
    const { server, passed } = filtered(fakeMilter(saying({ [at]: ['d'] })))
    await play(server, HELLO + message('250 2.0.0 {*}'))
    expect(passed).toEqual([])
  })

  test('a connection that is refused', async () => {
    await play(filtered(fakeMilter(saying({ C: ['r'] }))).server, 'S: 554 5.7.1 {*}\n')
    await play(filtered(fakeMilter(saying({ C: ['t'] }))).server, 'S: 421 4.7.1 {*}\n')
    await play(filtered(fakeMilter(saying({ C: ['y554 5.7.1 Go away\0'] }))).server, 'S: 554 5.7.1 Go away\n')
    const { server } = filtered(fakeMilter(saying({ H: ['r'] })))
    await play(server, 'S: 220 {*}\nC: EHLO x\nS: 550 5.7.1 {*}\n')
  })

  test('shutdown closes the connection of the client', async () => {
    const { server } = filtered(fakeMilter(saying({ M: ['4'] })))
    await play(server, `${HELLO}  C: MAIL FROM:<a@example.org>\n  S: 421 4.7.0 {*}\n`)
  })
})

describe('changes', () => {
  const changed = async (answers: readonly string[], lines?: readonly string[], actions?: []): Promise<string> => {
    const { server, passed } = filtered(fakeMilter(saying({ E: [...answers, 'c'] })), actions ? { actions } : {})
    await play(server, HELLO + message('250 {*}', lines))
    return passed[0].text
  }
  const LINES = ['A: 1', 'B: 2', 'A: 3', '', 'text']

  test('fields are added, inserted, changed and deleted; the octets of others stay', async () => {
    expect(await changed(['hX\0one\n two\0'], LINES)).toBe('A: 1\r\nB: 2\r\nA: 3\r\nX: one\r\n two\r\n\r\ntext\r\n')
    expect(await changed([`i${number(0)}X\x000\0`, `i${number(1)}Y\x001\0`], LINES)).toMatch(/^Y: 1\r\nX: 0\r\nA: 1/)
    expect(await changed([`i${number(2)}X\0y\0`], LINES)).toBe('A: 1\r\nX: y\r\nB: 2\r\nA: 3\r\n\r\ntext\r\n')
    expect(await changed([`i${number(99)}X\0y\0`], LINES)).toBe('A: 1\r\nB: 2\r\nA: 3\r\nX: y\r\n\r\ntext\r\n')
    expect(await changed([`m${number(2)}a\x004\0`], LINES)).toBe('A: 1\r\nB: 2\r\na: 4\r\n\r\ntext\r\n')
    expect(await changed([`m${number(1)}A\0\0`, `m${number(2)}A\0\0`], LINES)).toBe('B: 2\r\n\r\ntext\r\n')
    expect(await changed([`m${number(1)}C\0new\0`], LINES)).toBe('A: 1\r\nB: 2\r\nA: 3\r\nC: new\r\n\r\ntext\r\n')
    expect(await changed([`m${number(1)}C\0\0`], ['A:1 ', ' x', '', 'y'])).toBe('A:1 \r\n x\r\n\r\ny\r\n')
  })

  test('no value ends a field or begins another one', async () => {
    const text = await changed(['hX\0a\r\nEvil: 1\r\n\r\nbody\n\0', 'hY:Z\0v\0', 'h\0v\0', 'hY Z\0v\0'], LINES)
    expect(text).toBe('A: 1\r\nB: 2\r\nA: 3\r\nX: a\r\n\tEvil: 1\r\n\tbody\r\n\r\ntext\r\n')
  })

  test('another body, in pieces; its lines end with CRLF', async () => {
    expect(await changed(['bnew\r', 'b\nbo\ndy\rx\r'], LINES)).toBe(
      'A: 1\r\nB: 2\r\nA: 3\r\n\r\nnew\r\nbo\r\ndy\r\nx\r\n',
    )
    expect(await changed(['bx\r\n', 'hX\0y\0'], ['', 'text'])).toBe('X: y\r\n\r\nx\r\n')
    expect(await changed(['b'], LINES)).toBe('A: 1\r\nB: 2\r\nA: 3\r\n\r\n')
  })

  test('another body behind a header whose last line has no end', async () => {
    const { server, passed } = filtered(fakeMilter(saying({ E: ['bnew\r\n', 'c'] })))
    const begin = 'C: MAIL FROM:<a@example.org>\nC: RCPT TO:<b@example.org>\nS: 250 {*}\nS: 250 {*}\n'
    await play(server, `${HELLO}${begin}C: BDAT 10 LAST\nC~ Subject: x\nS: 250 {*}\n`)
    expect(passed[0].text).toBe('Subject: x\r\n\r\nnew\r\n')
  })

  test('another body of many lines', async () => {
    const packets = Array.from({ length: 200 }, () => `b${'\n'.repeat(1_000)}`)
    expect(await changed(packets, LINES)).toBe(`A: 1\r\nB: 2\r\nA: 3\r\n\r\n${'\r\n'.repeat(200_000)}`)
  })

  test('the envelope', async () => {
    const edits = [
      'e<other@example.net>\0',
      '-<b@example.org>\0',
      '+<c@example.org>\0',
      '2<d@example.org>\0NOTIFY=NEVER\0',
    ]
    const { server, passed } = filtered(fakeMilter(saying({ E: [...edits, 'c'] })))
    await play(server, HELLO + message('250 {*}'))
    expect(passed[0].from).toBe('other@example.net')
    expect(passed[0].to).toEqual(['c@example.org', 'd@example.org'])
  })

  test.each([
    ['added, then the first one deleted', ['+<c@example.org>\0', '-<b@example.org>\0'], ['c@example.org']],
    ['added and deleted again', ['+<c@example.org>\0', '-<c@example.org>\0'], ['b@example.org']],
    ['added, and both deleted', ['+<c@example.org>\0', '-<b@example.org>\0', '-<c@example.org>\0'], []],
    ['deleted and added again', ['-<b@example.org>\0', '+<b@example.org>\0'], ['b@example.org']],
  ])('a recipient: %s', async (_name, edits, to) => {
    const { server, passed } = filtered(fakeMilter(saying({ E: [...edits, 'c'] })))
    await play(server, HELLO + message('250 {*}'))
    expect(passed[0].to).toEqual(to)
  })

  test('a recipient that one milter has added stays when the next one deletes the first', async () => {
    const second = milter({ connect: fakeMilter(saying({ E: ['-<b@example.org>\0', 'c'] })).connect, name: 'second' })
    const first = fakeMilter(saying({ E: ['+<c@example.org>\0', 'c'] }))
    const { server, passed } = filtered(first, {}, { after: [second] })
    await play(server, HELLO + message('250 {*}'))
    expect(passed[0].to).toEqual(['c@example.org'])
  })

  test('an added recipient is one of its own, with its own mailbox, tag and wishes for notices', async () => {
    const edits = ['2<archive@example.org>\0NOTIFY=NEVER FOO=1\0', 'e<a@example.org>\0RET=HDRS NOTIFY=NEVER\0', 'c']
    const seen: unknown[] = []
    const see: SmtpHandler = {
      message({ transaction }) {
        seen.push(transaction.get(dsnEnvelope)?.ret)
        for (const one of transaction.recipients) seen.push([one.address, one.get(subaddress), one.get(dsnRecipient)])
      },
    }
    const { server, log } = filtered(
      fakeMilter(saying({ E: edits })),
      {},
      { before: [dsnExtension(), subaddressing()], after: [see] },
    )
    const tagged = message('250 {*}').replace('b@example.org>', 'b+tag@example.org> NOTIFY=FAILURE')
    await play(server, HELLO + tagged)
    expect(seen).toEqual([
      'HDRS',
      ['b+tag@example.org', 'tag', { notify: ['FAILURE'], orcpt: null }],
      ['archive@example.org', undefined, { notify: [], orcpt: null }],
    ])
    const left = log.filter(({ event }) => event === 'milter.change-not-made')
    expect(left.map(({ message: why }) => why)).toEqual(['parameters: FOO', 'parameters: NOTIFY'])
  })

  test.each([
    ['taken', undefined, ['250 2.0.0 c', '250 2.0.0 b']],
    ['refused for now', '452 4.2.2 full', ['452 4.2.2 full', '250 2.0.0 b']],
    ['refused', '550 5.1.1 nobody', ['550 5.1.1 nobody', '250 2.0.0 b']],
  ])('LMTP: an added recipient that is %s has no reply of its own', async (_name, said, wanted) => {
    const fake = fakeMilter(saying({ E: ['+<added@example.org>\0', 'c'] }))
    const take: SmtpHandler = {
      message: ({ transaction }) =>
        transaction.recipients.map(({ mailbox: { localPart } }) => {
          if (localPart !== 'added' || said === undefined) return reply(250, '2.0.0', localPart)
          return reply(Number(said.slice(0, 3)), said.slice(4, 9), said.slice(10))
        }),
    }
    const server = createLmtpServer({ hostname: 'mx', handlers: [milter({ connect: fake.connect }), take] })
    const rcpt = ['c', 'b'].map((one) => `C: RCPT TO:<${one}@example.org>\nS: 250 {*}\n`).join('')
    const begin = `S: 220 {*}\nC: LHLO x\nS: ...\nS: 250 {*}\nC: MAIL FROM:<>\nS: 250 {*}\n${rcpt}`
    await playTranscript(
      server,
      `${begin}C: DATA\nS: 354 {*}\nC: x\nC: .\n${wanted.map((one) => `S: ${one}\n`).join('')}C: QUIT\nS: 221 {*}\n`,
    )
  })

  test('what makes no sense, and what is not allowed, is not done and is in the log', async () => {
    const edits = ['+<no address\0', '-<z@example.org>\0', 'e<x\0', `m${number(1)}:\0x\0`]
    const { server, passed, log } = filtered(fakeMilter(saying({ E: [...edits, 'c'] })))
    await play(server, HELLO + message('250 {*}'))
    expect(passed[0]).toEqual({ text: 'Subject: x\r\n\r\ntext\r\n', from: 'a@example.org', to: ['b@example.org'] })
    expect(log.filter(({ event }) => event === 'milter.change-not-made')).toHaveLength(4)

    const all = [
      'hX\0y\0',
      `i${number(1)}X\0y\0`,
      `m${number(1)}Subject\0y\0`,
      'bx',
      '+<c@d>\0',
      '-<b@example.org>\0',
      'qx\0',
    ]
    const none = filtered(fakeMilter(saying({ E: [...all, 'e<x@y>\0', 'c'] })), { actions: [] })
    await play(none.server, HELLO + message('250 {*}'))
    expect(none.passed[0]).toEqual(passed[0])
    expect(none.log.filter(({ event }) => event === 'milter.change-not-made')).toHaveLength(8)
  })

  test('nothing is changed when the message is refused', async () => {
    const { server } = filtered(fakeMilter(saying({ E: ['hX\0y\0', 'r'] })))
    await play(server, HELLO + message('550 {*}'))
  })

  test('quarantine: refused, noted, or as a function says', async () => {
    const script = saying({ E: ['qlooks odd\0', 'c'] })
    await play(filtered(fakeMilter(script)).server, HELLO + message('550 5.7.1 {*}'))
    const notes: unknown[] = []
    const look: SmtpHandler = { message: ({ transaction }) => void notes.push(transaction.get(quarantined)) }
    const noted = filtered(fakeMilter(script), { quarantine: 'note' }, { after: [look] })
    await play(noted.server, HELLO + message('250 {*}'))
    expect(notes).toEqual(['looks odd'])
    const held: string[] = []
    const hold = filtered(fakeMilter(script), {
      quarantine(received, reason) {
        held.push(`${reason}: ${latin1(received.octets())}`)
        return replies.accepted()
      },
    })
    await play(hold.server, HELLO + message('250 {*}'))
    expect(held).toEqual(['looks odd: Subject: x\r\n\r\ntext\r\n'])
    expect(hold.passed).toEqual([])
  })

  test('several milters in order: each sees what those before it have made', async () => {
    const first = fakeMilter(saying({ E: ['hX-First\0yes\0', 'c'] }))
    const second = fakeMilter(saying({ E: [`m${number(1)}X-First\0no\0`, 'c'] }))
    const { server, passed } = filtered(first, {}, { after: [milter({ connect: second.connect, name: 'second' })] })
    await play(server, HELLO + message('250 {*}'))
    expect(second.heard).toContain('L X-First|yes|')
    expect(passed[0].text).toBe('Subject: x\r\nX-First: no\r\n\r\ntext\r\n')
  })
})

describe('the session', () => {
  test('RSET, EHLO and a new MAIL abort the message; a refusal by another handler too', async () => {
    const fake = fakeMilter()
    const no: SmtpHandler = { data: () => reply(550, '5.0.0', 'No') }
    const { server } = filtered(fake, {}, { after: [no] })
    const begin = '  C: MAIL FROM:<a@example.org>\n  S: 250 {*}\n'
    await play(
      server,
      `${HELLO}${begin}  C: RSET\n  S: 250 {*}\n${begin}  C: EHLO x\n  S: ...\n  S: 250 {*}\n${begin}
    C: RCPT TO:<b@example.org>
    C: DATA
    S: 250 {*}
    S: 550 5.0.0 No
${'  C: RSET\n  S: 250 {*}\n'}  C: QUIT\n  S: 221 {*}\n`,
    )
    expect(
      commands(fake.heard)
        .map((one) => one[0])
        .join(''),
    ).toBe('cOCHMAMAHMRTAQ')
  })

  const noBad: SmtpHandler = { helo: (name) => (name === 'bad' ? reply(550, '5.7.1', 'no') : undefined) }
  test.each<[string, Script, readonly SmtpHandler[], string]>([
    ['by the milter', saying({ 'H bad': ['y550 5.7.1 no\0'] }), [], '451 4.3.0'],
    ['by another handler', agree, [noBad], '451 4.3.0'],
    ['in a message that the milter discards', saying({ R: ['d'] }), [noBad], '250 2.0.0'],
    ['in a message whose milter has failed', saying({ 'R <c@': 'close' }), [noBad], '451 4.7.1'],
  ])('an EHLO that is refused %s is no way past the milter', async (_how, script, after, answer) => {
    const { server, passed } = filtered(fakeMilter(script), {}, { after })
    const rcpt = 'C: RCPT TO:<b@example.org>\n  S: 250 {*}\n  C: RCPT TO:<c@example.org>\n  S: {*}\n'
    const before = `  C: MAIL FROM:<a@example.org>\n  S: 250 {*}\n  ${rcpt}`
    const then = `  C: EHLO bad\n  S: 550 {*}\n  C: DATA\n  S: 354 {*}\n  C: x\n  C: .\n  S: ${answer} {*}\n`
    await play(server, HELLO + before + then)
    expect(passed).toEqual([])
  })

  test.each([
    ['goes on', false],
    ['is lost meanwhile', true],
  ])('an EHLO that is refused is not the name of the client at MAIL: a connection that %s', async (_how, lost) => {
    const fake = fakeMilter((heard) => (lost && heard === 'H bad|' ? 'close' : agree(heard)))
    const { server } = filtered(fake, {}, { after: [noBad] })
    await play(server, `${HELLO}  C: EHLO bad\n  S: 550 {*}\n${message('250 {*}')}`)
    const heard = fake.heard.filter((one) => one.startsWith('H') || one.startsWith('M'))
    expect(heard).toEqual(['H client.example|', 'H bad|', 'H client.example|', 'M <a@example.org>|'])
  })

  const session = `${HELLO}${message('250 {*}')}  C: QUIT\n  S: 221 {*}\n`

  test('a connection serves one session after another; a stale one is replaced', async () => {
    const fake = fakeMilter()
    const { server, handler, passed } = filtered(fake)
    await play(server, session)
    await play(server, session)
    expect(fake.heard.filter((one) => one === 'connect')).toHaveLength(1)
    fake.restart()
    await play(server, session)
    expect(fake.heard.filter((one) => one === 'connect')).toHaveLength(2)
    expect(passed).toHaveLength(3)
    expect(fake.open).toBe(1)
    handler.disconnect()
    expect(fake.open).toBe(0)
    expect(fake.heard.at(-1)).toBe('Q')
  })

  test.each([
    ['does not see', options(0x01 | 0x02), ''],
    ['does not answer', options(0x1000 | 0x2000 | 0x4000), 'CHM'],
  ])(
    'a stale connection is found out too where the milter %s the first commands',
    async (_name, negotiation, silent) => {
      const fake = fakeMilter((heard) => (silent.includes(heard[0]) ? [] : agree(heard, negotiation)))
      const { server, passed } = filtered(fake)
      await play(server, session)
      await play(server, session)
      expect(fake.heard.filter((one) => one === 'connect')).toHaveLength(1)
      fake.restart()
      await play(server, session)
      expect(passed).toHaveLength(3)
      expect(fake.open).toBe(1)
    },
  )

  test('only where the end of a message was answered with "continue": libmilter is deaf elsewhere', async () => {
    const fake = fakeMilter(saying({ E: ['a'] }))
    await play(filtered(fake).server, `${HELLO}${message('250 {*}')}  C: QUIT\n  S: 221 {*}\n`)
    expect(fake.heard.at(-1)).toBe('Q')
  })

  test('exempt sessions, and LMTP with a reply for each recipient', async () => {
    const fake = fakeMilter()
    await play(filtered(fake, { exempt: () => true }).server, HELLO + message('250 {*}'))
    expect(commands(fake.heard).map((one) => one[0])).toEqual(['c', 'O', 'C', 'H'])
    const refusing = milter({ connect: fakeMilter(saying({ E: ['r'] })).connect })
    const lmtp = createLmtpServer({ hostname: 'mx.example.org', handlers: [refusing, onMessage(() => {})] })
    await playTranscript(
      lmtp,
      `
    S: 220 {*}
    C: LHLO x
    S: ...
    S: 250 {*}
    C: MAIL FROM:<>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<c@example.org>
    C: DATA
    S: 250 {*}
    S: 250 {*}
    S: 250 {*}
    S: 354 {*}
    C: x
    C: .
    S: 550 5.7.1 {*}
    S: 550 5.7.1 {*}
`,
    )
  })
})
