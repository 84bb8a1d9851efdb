/**
 * What must hold for `@posthouse/smtp` whatever a client sends: nothing throws, every line of output is a reply, and
 * the cutting of the input changes nothing.
 */
import {
  createSmtpEngine,
  createSmtpServer,
  DEFAULT_LIMITS,
  discard,
  dsnExtension,
  encodeReply,
  parseCommand,
  parseMailbox,
  parseReplyLine,
  prdrExtension,
  replies,
  reply,
  type SmtpAnswer,
  type SmtpEngine,
  type SmtpEvent,
  xclientExtension,
} from '@posthouse/smtp'
import { latin1 } from '@posthouse/wire'
import { connectInMemory, playEngine } from '@posthouse/wire/testing'
import { check, type Target } from '../loop.js'

const DIALOGUE = [
  'EHLO x\r\n',
  'HELO x\r\n',
  'MAIL FROM:<a@b>\r\n',
  'MAIL FROM:<"a\\"b"@[IPv6:::1]> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+2Bb PRDR\r\n',
  'MAIL FROM:<> BODY=BINARYMIME\r\n',
  'RCPT TO:<c@d>\r\n',
  'RCPT TO:<e@f> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x\r\n',
  'DATA\r\n',
  'Subject: x\r\n\r\n',
  '.',
  '..',
  '.\r\n',
  '\r\n.\r\n',
  '\n.\n',
  'BDAT 5\r\nhello',
  'BDAT 5 LAST\r\nhello',
  'BDAT 0 LAST\r\n',
  'AUTH PLAIN\r\n',
  'AUTH PLAIN AGEAc2VjcmV0\r\n',
  'AUTH LOGIN\r\n',
  '*\r\n',
  'YQ==\r\n',
  'STARTTLS\r\n',
  'XCLIENT ADDR=1.2.3.4 NAME=x\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'VRFY x\r\n',
  'QUIT\r\n',
  '\r',
  '\n',
  '\0',
  'x'.repeat(200),
]
const LIMITS = { ...DEFAULT_LIMITS, commandLine: 150, authLine: 300, messageSize: 100, skippedLine: 500, errors: 100 }

/** The input in up to seven pieces. */
function cuts(input: Uint8Array, cut: (length: number) => number): Uint8Array[] {
  const places = Array.from({ length: 6 }, () => cut(input.length + 1)).sort((a, b) => a - b)
  return [0, ...places]
    .map((start, i) => input.slice(start, places[i] ?? input.length))
    .filter(({ length }) => length > 0)
}

function answer(event: SmtpEvent): SmtpAnswer | null {
  switch (event.type) {
    case 'command':
      if (event.command.verb === 'DATA') return replies.startMailInput()
      return event.command.verb === 'AUTH' ? reply(334, null, '') : replies.ok()
    case 'refused':
      return event.reply
    case 'message-octets':
    case 'chunk-start':
      return null
    default:
      return replies.ok()
  }
}

function play(engine: SmtpEngine, chunks: readonly Uint8Array[]) {
  engine.send(reply(220, null, 'x'))
  const { events, output } = playEngine(engine, chunks, (event, on) => {
    const said = answer(event)
    if (said) on.send(said)
  })
  let payload = ''
  const others: SmtpEvent[] = []
  for (const event of events) {
    if (event.type === 'message-octets') payload += latin1(event.octets)
    else others.push(event)
  }
  return { payload, others: JSON.stringify(others), output: latin1(output) }
}

function checkReplies(output: string): void {
  const lines = output.split('\r\n')
  check(lines.pop() === '', 'the last reply ends with CRLF')
  for (const line of lines) check(parseReplyLine(line) !== null, `${JSON.stringify(line)} is a reply line`)
}

function engineTarget(dialect: 'smtp' | 'lmtp', rule: 'reject' | 'normalize' | 'preserve'): Target {
  return {
    name: `engine ${dialect} ${rule}`,
    dictionary: dialect === 'smtp' ? DIALOGUE : ['LHLO x\r\n', ...DIALOGUE],
    run(input, cut) {
      const content = { bareCr: rule, bareLf: rule, nul: rule }
      const make = () => createSmtpEngine({ dialect, limits: LIMITS, content })
      // TLS depends on what came with the command, as it must: such inputs are played whole only.
      const whole = play(make(), [input])
      checkReplies(whole.output)
      if (latin1(input).toUpperCase().includes('STARTTLS')) return
      const pieces = play(make(), cuts(input, cut))
      check(pieces.payload === whole.payload, 'the payload does not depend on the cutting')
      check(pieces.others === whole.others, 'the events do not depend on the cutting')
      check(pieces.output === whole.output, 'the output does not depend on the cutting')
      if (rule !== 'preserve') check(!whole.payload.includes('\0') || rule === 'reject', 'no NUL')
    },
  }
}

const server: Target = {
  name: 'server',
  dictionary: DIALOGUE,
  async run(input, cut) {
    const made = createSmtpServer({
      handlers: [dsnExtension(), prdrExtension(), xclientExtension({ trusted: () => true }), discard()],
      authenticate: (user) => user,
      allowInsecureAuth: true,
      limits: LIMITS,
    })
    const connection = connectInMemory(made, {
      log: ({ level, event, error }) => check(level !== 'error', `${event}: ${error}`),
    })
    let output = ''
    for (const chunk of cuts(input, cut)) {
      connection.send(chunk)
      // PLAIN and LOGIN answer by a promise.
      await new Promise((resolve) => setImmediate(resolve))
      if (connection.pending) connection.handshake()
      output += latin1(connection.take())
    }
    connection.end()
    await new Promise((resolve) => setImmediate(resolve))
    checkReplies(output + latin1(connection.take()))
  },
}

const syntax: Target = {
  name: 'commands, addresses, replies',
  dictionary: [
    'MAIL FROM:<',
    'RCPT TO:<',
    'a',
    '@',
    'b',
    '.',
    '"',
    '\\',
    '[',
    ']',
    'IPv6:',
    '::1',
    '>',
    ' SIZE=',
    'é',
    '+2B',
  ],
  run(input) {
    const command = parseCommand(input)
    if (command.verb === 'FAULT') check(command.reply.code >= 500, 'a fault is permanent')
    if (command.verb === 'MAIL' && command.reversePath) {
      const { address, localPart } = command.reversePath
      check(parseMailbox(address)?.localPart === localPart, `${address} is read as it is written`)
    }
    checkReplies(encodeReply(reply(550, '5.0.0', latin1(input))))
  },
}

export const targets: readonly Target[] = [
  engineTarget('smtp', 'reject'),
  engineTarget('smtp', 'normalize'),
  engineTarget('smtp', 'preserve'),
  engineTarget('lmtp', 'reject'),
  server,
  syntax,
]
