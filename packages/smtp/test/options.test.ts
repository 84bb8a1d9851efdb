/** Mistakes in what servers and clients are made of: said at the start, and not by mail that goes another way. */
import { createLmtpServer, createSmtpPool, createSmtpServer, DEFAULT_LIMITS, onMessage } from '@posthouse/smtp'
import { connectLmtp, connectSmtp } from '@posthouse/smtp/node'
import { playTranscript } from '@posthouse/wire/testing'
import { describe, expect, test } from 'vitest'

const message = () => undefined

describe('a server', () => {
  test.each([
    [undefined, TypeError, 'createSmtpServer options are an object of hostname, handlers,'],
    [{}, TypeError, 'createSmtpServer needs the option handlers'],
    [{ handlers: [], handler: [] }, TypeError, 'there is no createSmtpServer option handler; there are hostname,'],
    [{ handlers: [], limits: { messageSize: '10mb' } }, TypeError, 'limits.messageSize must be a number, not "10mb"'],
    [{ handlers: [], limits: { mesageSize: 1 } }, TypeError, 'there is no limit mesageSize; there are commandLine,'],
    [{ handlers: [], limits: { messageSize: -1 } }, RangeError, 'limits.messageSize must be 0 or more, not -1'],
    [{ handlers: [], content: 'rejct' }, TypeError, 'content must be one of reject, normalize, preserve, not "rejct"'],
    [{ handlers: [], content: { nul: true } }, TypeError, 'content must be one of'],
    [{ handlers: [], content: { bareLF: 'reject' } }, TypeError, 'there is no content rule bareLF; there are bareCr,'],
    [{ handlers: onMessage(message) }, TypeError, 'handlers must be an array'],
    [
      { handlers: [message] },
      TypeError,
      'handlers[0] must be a handler, not a function: onMessage(function) makes one',
    ],
    [{ handlers: [{ message }, null] }, TypeError, 'handlers[1] must be a handler, not null'],
    [{ handlers: [{ name: 'none' }] }, TypeError, 'handlers[0] has no stage; there are keywords, connect,'],
    [{ handlers: [{ rcpt: 'ok' }] }, TypeError, 'handlers[0]: rcpt must be a function'],
    [{ handlers: [{ message: null }] }, TypeError, 'handlers[0]: message must be a function'],
    [{ handlers: [{ commands: { XPING: message } }] }, TypeError, 'handlers[0]: commands must be a Map'],
    [{ handlers: [{ commands: null }] }, TypeError, 'handlers[0]: commands must be a Map'],
    [
      { handlers: [{ message, rcptParameters: new Map([['xtag', message]]) }] },
      TypeError,
      'handlers[0]: rcptParameters has xtag, but names are in upper case: XTAG',
    ],
    [
      { handlers: [{ message, commands: new Map([['XPing', message]]) }] },
      TypeError,
      'handlers[0]: commands has XPing, but names are in upper case: XPING',
    ],
  ])('%o', (options, kind, words) => {
    expect(() => createSmtpServer(options as never)).toThrow(kind)
    expect(() => createSmtpServer(options as never)).toThrow(words)
  })

  test('says its own name', () => {
    expect(() => createLmtpServer({} as never)).toThrow('createLmtpServer needs the option handlers')
  })

  test.each(['Message', 'mesage', 'messages', 'onMessage', 'massage'])('%s is no stage', (name) => {
    const handlers = [{ rcpt: message, [name]: message }]
    expect(() => createSmtpServer({ handlers })).toThrow(`handlers[0] has no stage ${name}: write message, or give it`)
    expect(() => createSmtpServer({ handlers: [{ [name]: message }] })).toThrow(`no stage ${name}: write message`)
  })

  test('a table that is misspelt is none', () => {
    const handlers = [{ message, command: new Map() }]
    expect(() => createSmtpServer({ handlers })).toThrow('handlers[0] has no stage command: write commands, or')
  })

  test.each([
    ['its own functions', [{ message, stats: message, disconnect: message, queued: 1 }]],
    [
      'functions with names like those of stages that it has',
      [{ rset: message, reset: message, close: message, closed: message }],
    ],
    ['data with names like those of stages', [{ rcpt: message, messages: [], mails: 0, date: '', quits: undefined }]],
    [
      'a class',
      [
        new (class Kept {
          message = message
        })(),
        new (class Made {
          rcpt() {}
        })(),
      ],
    ],
    ['tables alone', [{ commands: new Map() }, { mailParameters: new Map() }]],
    ['a stage that is not there', [{ message, rcpt: undefined }]],
  ])('a handler may have %s', (_what, handlers) => {
    createSmtpServer({ handlers })
  })

  test('a limit that says nothing is the default', async () => {
    await playTranscript(
      createSmtpServer({ handlers: [], limits: { messageSize: undefined } as never }),
      `
      S: 220 {*}
      C: EHLO a.test
      S: 250-{*}
      S: 250-PIPELINING
      S: 250-SIZE ${DEFAULT_LIMITS.messageSize}
      S: ...
      S: 250 {*}`,
    )
  })

  test('no client is told of Infinity: SIZE 0 is no limit (RFC 1870 §4), and LIMITS says nothing', async () => {
    const endless = Number.POSITIVE_INFINITY
    await playTranscript(
      createSmtpServer({ handlers: [], limits: { messageSize: endless, recipients: endless, transactions: endless } }),
      `
      S: 220 {*}
      C: EHLO a.test
      S: 250-{*}
      S: 250-PIPELINING
      S: 250-SIZE 0
      S: 250-8BITMIME
      S: 250-SMTPUTF8
      S: 250-CHUNKING
      S: 250-ENHANCEDSTATUSCODES
      S: 250 STARTTLS`,
    )
  })
})

describe('a client', () => {
  test.each([
    [{ secure: true }, TypeError, 'there is no connectSmtp option secure; there are host, port,'],
    [{ port: '587' }, TypeError, 'port must be a number, not "587"'],
    [{ port: 70_000 }, RangeError, 'port must be 0 to 65535, not 70000'],
    [{ limits: { pipelin: 1 } }, TypeError, 'there is no limit pipelin; there are greeting,'],
    [{ limits: { pipeline: 0 } }, RangeError, 'limits.pipeline must be 1 or more, not 0'],
    [{ limits: { command: '5s' } }, TypeError, 'limits.command must be a number, not "5s"'],
    [null, TypeError, 'connectSmtp options are an object'],
  ])('%j: nothing is connected', async (options, kind, words) => {
    const connect = () => Promise.reject(new Error('connected'))
    const opened = connectSmtp((options && { ...options, connect }) as never)
    await expect(opened).rejects.toThrow(kind)
    await expect(opened).rejects.toThrow(words)
    if (options) await expect(connectLmtp({ ...options, connect } as never)).rejects.toThrow(words)
  })

  test.each([
    [{}, TypeError, 'createSmtpPool needs the option connect'],
    [{ connect: message, host: 'a' }, TypeError, 'there is no createSmtpPool option host; there are connect,'],
    [
      { connect: message, maxMessagesPerConnection: 0 },
      RangeError,
      'maxMessagesPerConnection must be 1 or more, not 0',
    ],
  ])('a pool: %o', (options, kind, words) => {
    expect(() => createSmtpPool(options as never)).toThrow(kind)
    expect(() => createSmtpPool(options as never)).toThrow(words)
  })
})
