/** `npm run states`: draws the states of each engine from the tables that run, into `docs/states.md`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { core, standardExtensions } from '../packages/imap/src/session/extensions/index.js'
import { type MilterState, stateAfter } from '../packages/milter/src/engine/states.js'
import { commands as pop3Commands } from '../packages/pop3/src/session/commands/index.js'
import { allowed, type ClientState } from '../packages/smtp/src/client/engine/states.js'
import { refusal, type State } from '../packages/smtp/src/engine/states.js'

export const file = fileURLToPath(new URL('../docs/states.md', import.meta.url))

const SMTP_STATES = ['initial', 'greeted', 'mail', 'rcpt', 'chunking', 'chunking-failed'] satisfies State[]
const SMTP_VERBS = ['EHLO', 'AUTH', 'STARTTLS', 'MAIL', 'RCPT', 'DATA', 'BDAT', 'RSET', 'NOOP', 'VRFY', 'QUIT'] as const
const CLIENT_STATES = ['connect', 'initial', 'greeted', 'mail', 'rcpt', 'data', 'bdat', 'auth'] satisfies ClientState[]
const CLIENT_REQUESTS = [
  ...(['hello', 'starttls', 'auth', 'auth-response', 'mail', 'rcpt', 'data', 'bdat'] as const),
  ...(['octets', 'end', 'rset', 'noop', 'quit'] as const),
]
const MILTER_STATES = ['new', 'resting', 'session', 'envelope', 'header', 'body', 'done'] satisfies MilterState[]
const MILTER_COMMANDS = [
  ...(['negotiate', 'connect', 'helo', 'mail', 'rcpt', 'data', 'header', 'end-of-header', 'body'] as const),
  ...(['end-of-message', 'abort', 'quit-new-connection', 'quit'] as const),
]

/** A table: a row for each state, a column for each thing to say; a dot where it may be said. */
function matrix(
  states: readonly string[],
  words: readonly string[],
  may: (state: string, word: string) => boolean,
): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    row(['', ...words]),
    row(['---', ...words.map(() => ':-:')]),
    ...states.map((state) => row([`\`${state}\``, ...words.map((word) => (may(state, word) ? '●' : ''))])),
  ].join('\n')
}

function smtpReply(state: State, verb: (typeof SMTP_VERBS)[number]): string {
  const reply = refusal(state, 'smtp', verb)
  return reply ? `${reply.code} ${reply.enhanced ?? ''}`.trim() : '●'
}

function milterDiagram(): string {
  const arrows = MILTER_STATES.flatMap((state) => {
    const ways = new Map<MilterState, string[]>()
    for (const command of MILTER_COMMANDS) {
      const next = stateAfter(state, command)
      if (next) ways.set(next, [...(ways.get(next) ?? []), command])
    }
    return [...ways].map(([next, said]) => `  ${state} --> ${next}: ${said.join(', ')}`)
  })
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> new', ...arrows, '  over --> [*]', '```'].join('\n')
}

function byStates(commands: readonly { readonly name: string; readonly states: readonly string[] }[]): string {
  const groups = new Map<string, string[]>()
  for (const { name, states } of commands) {
    const key = states.map((state) => `\`${state}\``).join(', ')
    groups.set(key, [...(groups.get(key) ?? []), name])
  }
  const rows = [...groups].map(([states, names]) => `| ${states} | ${[...new Set(names)].sort().join(', ')} |`)
  return ['| states | commands |', '|---|---|', ...rows].join('\n')
}

/** The whole document. */
export function statesDocument(): string {
  const imap = [core, ...standardExtensions].flatMap(({ commands }) => commands ?? [])
  const smtpRow = (state: State): string =>
    `| \`${state}\` | ${SMTP_VERBS.map((verb) => smtpReply(state, verb)).join(' | ')} |`
  return `# The states of the engines

Made by \`npm run states\` from the tables that run; a test says when it is old. ● means that a command may be said.

## SMTP, server (RFC 5321 §4.1.4)

What a command gets in a state, before any handler is asked. While a message or an authentication is
going on (\`data\`, \`chunk\`, \`auth\`), what comes is octets or responses and no command.
The picture is in [\`states.ts\`](../packages/smtp/src/engine/states.ts).

| | ${SMTP_VERBS.join(' | ')} |
|---|${SMTP_VERBS.map(() => ':-:').join('|')}|
${SMTP_STATES.map(smtpRow).join('\n')}

LMTP is the same with LHLO in the place of EHLO (RFC 2033 §4.1).

## SMTP, client

${matrix(CLIENT_STATES, CLIENT_REQUESTS, (state, request) => allowed(state as ClientState, request as (typeof CLIENT_REQUESTS)[number]))}

## IMAP (RFC 9051 §3)

${byStates(imap)}

What the engine reads next is in [\`states.ts\`](../packages/imap/src/engine/states.ts).

## POP3 (RFC 1939 §3)

${byStates([...pop3Commands.values()].map(({ keyword, states }) => ({ name: keyword, states })))}

UPDATE is what QUIT does in \`transaction\`.

## Milter, client

${milterDiagram()}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, statesDocument())
