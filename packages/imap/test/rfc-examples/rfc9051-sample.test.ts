/**
 * RFC 9051 §8, the sample connection; §6.4.5.1 and §7.5.2, parts and structures; §6.5, a command of one's own.
 * This server tells media types, parameters' names and encodings in lower case.
 */
import { Flag } from '@posthouse/store-api'
import { decodeBase64, deriveScramSecret, fromLatin1, standardMechanisms } from '@posthouse/wire'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, test } from 'vitest'
import { type Command, type ImapExtension, ok, standardExtensions } from '../../src/index.js'
import { message, testServer } from '../servers.js'
import { playExample, playRev2 } from './play.js'

/** Text of so many octets in so many lines. */
function lines(octets: number, count: number): string[] {
  const length = Math.floor(octets / count) - 2
  const all = Array.from({ length: count }, () => 'x'.repeat(length))
  all[count - 1] += 'x'.repeat(octets - count * (length + 2))
  return all
}

const HEADER = [
  'Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)',
  'From: Terry Gray <gray@cac.washington.edu>',
  'Subject: IMAP4rev2 WG mtg summary and minutes',
  'To: imap@cac.washington.edu',
  'cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>',
  'Message-Id: <B27397-0100000@cac.washington.edu>',
  'MIME-Version: 1.0',
  'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII',
  '',
]

const GRAY = '(("Terry Gray" NIL "gray" "cac.washington.edu"))'
const ENVELOPE = [
  '"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)"',
  '"IMAP4rev2 WG mtg summary and minutes"',
  ...[GRAY, GRAY, GRAY],
  '((NIL NIL "imap" "cac.washington.edu"))',
  '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU"))',
  ...['NIL', 'NIL'],
  '"<B27397-0100000@cac.washington.edu>"',
].join(' ')

/** The names and numbers of RFC 7677 §3, which this example has, too. */
const SCRAM = {
  firstOfClient: 'biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=',
  firstOfServer:
    'cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=',
  lastOfClient:
    'Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==',
  lastOfServer: 'dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==',
}

test('§8: the sample connection', async () => {
  const salt = decodeBase64(fromLatin1('W22ZaJ0SNY7soEsUEjb6gQ==')) as Uint8Array
  const made = testServer({
    allowInsecureAuth: false,
    mechanisms: standardMechanisms({ scram: { nonce: () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' } }),
    authenticate: {
      scram: async (user, hash) =>
        user === 'user' && hash === 'SHA-256'
          ? { identity: { account: 'alice' }, ...(await deriveScramSecret('pencil', { iterations: 4096, salt })) }
          : null,
    },
  })
  for (let i = 1; i <= 18; i++) {
    const text = i === 12 ? message(...HEADER, ...lines(3028, 92)) : message('', 'x')
    await made.deliver(text, { flags: Flag.Seen, internalDate: Date.UTC(1996, 6, 17, 9, 44, 25) })
  }
  await playTranscript(
    made.server,
    `
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 LOGINDISABLED IMAP4rev2 {*}] {*}
    C: a000 starttls
    S: a000 OK Begin TLS negotiation now
    -- tls --
    C: A001 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.firstOfClient}
    S: + ${SCRAM.firstOfServer}
    C: ${SCRAM.lastOfClient}
    S: + ${SCRAM.lastOfServer}
    C:
    S: A001 OK [CAPABILITY IMAP4rev1 IMAP4rev2 {*}] {*}
    C: babc ENABLE IMAP4rev2
    S: * ENABLED IMAP4rev2
    S: babc OK ENABLE completed
    C: a002 select inbox
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] {*}
    S: * 18 EXISTS
    S: * OK [UIDVALIDITY {*}] {*}
    S: * OK [UIDNEXT 19] {*}
    S: * LIST (\\HasNoChildren) "/" INBOX ("OLDNAME" (inbox))
    S: ...
    S: a002 OK [READ-WRITE] SELECT completed
    C: a003 fetch 12 full
    S: * 12 FETCH (FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 09:44:25 +0000" RFC822.SIZE 3370 ENVELOPE (${ENVELOPE}) BODY ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3028 92))
    S: a003 OK FETCH completed
    C: a004 fetch 12 body[header]
    S: * 12 FETCH (BODY[HEADER] {342}
${HEADER.map((line) => `    S: ${line}`).join('\n')}
    S: )
    S: a004 OK FETCH completed
    C: a005 store 12 +flags \\deleted
    S: * 12 FETCH (FLAGS (\\Deleted \\Seen))
    S: a005 OK STORE completed
    C: a006 logout
    S: * BYE {*}
    S: a006 OK LOGOUT completed
    -- closed --
  `,
  )
})

describe('§7.5.2 BODYSTRUCTURE', () => {
  test('a text, and a text with a file', () =>
    playRev2(
      `
      C: s SELECT INBOX
      S: ...
      S: s OK [READ-WRITE] SELECT completed
      C: a FETCH 1:2 BODY
      S: * 1 FETCH (BODY ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 2279 48))
      S: * 2 FETCH (BODY (("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23)("text" "plain" ("charset" "US-ASCII" "name" "cc.diff") "<960723163407.20117h@cac.washington.edu>" "Compiler diff" "base64" 4554 73) "mixed"))
      S: a OK FETCH completed
      C: b FETCH 1:2 BODYSTRUCTURE
      S: * 1 FETCH (BODYSTRUCTURE ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 2279 48 NIL NIL NIL NIL))
      S: * 2 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 1152 23 NIL NIL NIL NIL)("text" "plain" ("charset" "US-ASCII" "name" "cc.diff") "<960723163407.20117h@cac.washington.edu>" "Compiler diff" "base64" 4554 73 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL))
      S: b OK FETCH completed
    `,
      async (made) => {
        await made.deliver(message('Content-Type: TEXT/PLAIN; CHARSET=US-ASCII', '', ...lines(2279, 48)))
        await made.deliver(
          message(
            ...['Content-Type: MULTIPART/MIXED; BOUNDARY=b', '', '--b'],
            ...['Content-Type: TEXT/PLAIN; CHARSET=US-ASCII', '', ...lines(1152, 23), '', '--b'],
            'Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"',
            'Content-ID: <960723163407.20117h@cac.washington.edu>',
            ...['Content-Description: Compiler diff', 'Content-Transfer-Encoding: BASE64', ''],
            ...[...lines(4554, 73), '', '--b--'],
          ),
        )
      },
    ))

  const part = (type: string, ...body: readonly string[]): string[] => [`Content-Type: ${type}`, '', ...body]
  const multipart = (subtype: string, boundary: string, ...parts: readonly (readonly string[])[]): string[] =>
    part(
      `multipart/${subtype}; boundary=${boundary}`,
      ...parts.flatMap((one) => [`--${boundary}`, ...one]),
      `--${boundary}--`,
    )

  test('§6.4.5.1: the numbers of the parts of a complex message', () =>
    playRev2(
      `
      C: s SELECT INBOX
      S: ...
      S: s OK [READ-WRITE] SELECT completed
      C: a FETCH 1 (BODY.PEEK[1] BODY.PEEK[2] BODY.PEEK[3.HEADER] BODY.PEEK[3.1] BODY.PEEK[3.2])
      S: * 1 FETCH (BODY[1] {3}
      S: one BODY[2] {3}
      S: two BODY[3.HEADER] {61}
      S: Subject: three
      S: Content-Type: multipart/mixed; boundary=c
      S: 
      S:  BODY[3.1] {9}
      S: three.one BODY[3.2] {9}
      S: three.two)
      S: a OK FETCH completed
      C: b FETCH 1 (BODY.PEEK[4.1] BODY.PEEK[4.1.MIME] BODY.PEEK[4.2.HEADER] BODY.PEEK[4.2.1])
      S: * 1 FETCH (BODY[4.1] {8}
      S: four.one BODY[4.1.MIME] {27}
      S: Content-Type: image/gif
      S: 
      S:  BODY[4.2.HEADER] {61}
      S: Subject: fours
      S: Content-Type: multipart/mixed; boundary=e
      S: 
      S:  BODY[4.2.1] {12}
      S: four.two.one)
      S: b OK FETCH completed
      C: c FETCH 1 (BODY.PEEK[4.2.2.1] BODY.PEEK[4.2.2.2] BODY.PEEK[4.2.2.3] BODY.PEEK[3.TEXT]<0.3>)
      S: * 1 FETCH (BODY[4.2.2.1] {5}
      S: plain BODY[4.2.2.2] {4}
      S: rich BODY[4.2.2.3] NIL BODY[3.TEXT]<0> {3}
      S: --c)
      S: c OK FETCH completed
    `,
      (made) =>
        made.deliver(
          message(
            ...multipart(
              'mixed',
              'b',
              part('text/plain', 'one'),
              part('application/octet-stream', 'two'),
              part(
                'message/rfc822',
                'Subject: three',
                ...multipart(
                  'mixed',
                  'c',
                  part('text/plain', 'three.one'),
                  part('application/octet-stream', 'three.two'),
                ),
              ),
              multipart(
                'mixed',
                'd',
                part('image/gif', 'four.one'),
                part(
                  'message/rfc822',
                  'Subject: fours',
                  ...multipart(
                    'mixed',
                    'e',
                    part('text/plain', 'four.two.one'),
                    multipart('alternative', 'f', part('text/plain', 'plain'), part('text/richtext', 'rich')),
                  ),
                ),
              ),
            ),
          ),
        ),
    ))
})

test('§6.5: a command of one’s own, with its capability and its response', () => {
  const pigLatin: Command<void> = {
    name: 'XPIG-LATIN',
    states: ['authenticated'],
    parse() {},
    run(session) {
      session.out.line('* XPIG-LATIN ow-nay eaking-spay ig-pay atin-lay')
      return ok('XPIG-LATIN ompleted-cay')
    },
  }
  const extension: ImapExtension = { name: 'XPIG-LATIN', capabilities: ['XPIG-LATIN'], commands: [pigLatin as Command] }
  return playExample(
    `
    C: a441 CAPABILITY
    S: * CAPABILITY IMAP4rev1 IMAP4rev2 {*} XPIG-LATIN
    S: a441 OK CAPABILITY completed
    C: A442 XPIG-LATIN
    S: * XPIG-LATIN ow-nay eaking-spay ig-pay atin-lay
    S: A442 OK XPIG-LATIN ompleted-cay
  `,
    undefined,
    { extensions: [...standardExtensions, extension] },
  )
})
