/** XCLIENT and XFORWARD: who may say them, and for how long they count. */
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'
import { annotation, requireAuth, type SmtpHandler, xclientExtension } from '../src/index.js'
import { EHLO } from './dialogues.js'
import { collector } from './servers.js'

const PROXY = { remote: { address: '127.0.0.1', port: 1 }, local: { address: '127.0.0.1', port: 25 } }
const everybody = { trusted: () => true }
const GREETED = `
  C: EHLO client.example
  S: ...
  S: 250 {*}
`
const BANNER = 'S: 220 mx.example.org ESMTP'

function play(text: string, handlers: readonly SmtpHandler[]): Promise<void> {
  return playTranscript(collector({ handlers }).server, text, PROXY)
}

describe('one client behind the other', () => {
  const seen: unknown[] = []
  const note = annotation<string>('note')
  const watch: SmtpHandler = {
    connect: (session) => void session.set(note, session.remote.address),
    helo(_name, session) {
      seen.push([session.helo, session.extended, session.remoteName, session.get(note)])
      session.set(note, 'helo')
    },
  }

  test('knows nothing of the one before: name, EHLO, login, notes', async () => {
    seen.length = 0
    await play(
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.1 NAME=one.example HELO=one LOGIN=alice
      ${BANNER}
      ${GREETED}
      C: MAIL FROM:<a@example.org>
      S: 250 2.1.0 Sender OK
      C: RSET
      S: 250 {*}
      C: XCLIENT ADDR=203.0.113.9
      ${BANNER}
      ${GREETED}
      C: MAIL FROM:<a@example.org>
      S: 530 5.7.0 Authentication required
    `,
      [xclientExtension(everybody), requireAuth(), watch],
    )
    expect(seen).toEqual([
      [null, false, null, '127.0.0.1'],
      ['one', false, 'one.example', '198.51.100.1'],
      [null, false, null, '203.0.113.9'],
    ])
  })

  test('its name stays with its address', async () => {
    seen.length = 0
    await play(
      `${EHLO}
      C: XCLIENT ADDR=198.51.100.1 NAME=one.example
      ${BANNER}
      C: XCLIENT LOGIN=alice
      ${BANNER}
      ${GREETED}
    `,
      [xclientExtension(everybody), watch],
    )
    expect(seen[1]).toEqual([null, false, 'one.example', '198.51.100.1'])
  })
})
