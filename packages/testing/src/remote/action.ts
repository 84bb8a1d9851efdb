/** What a fault does, as it comes over HTTP. */
import { reply } from '@posthouse/smtp'
import { TestMailError } from '../errors.js'
import { type FaultAction, POP3_STEPS, type Script, SMTP_STEPS } from '../faults/script.js'

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isLine: Check = (value) => typeof value === 'string' && !/[\r\n\0]/.test(value)
const isFlag: Check = (value) => typeof value === 'boolean'
const isObject: Check = (value) => typeof value === 'object' && value !== null
const isTime: Check = (value) => Number.isFinite(value) && (value as number) >= 0
const isCount: Check = (value) => Number.isInteger(value) && (value as number) >= 0
const isRate: Check = (value) => typeof value === 'number' && value > 0
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string)

type Travels = Exclude<FaultAction['type'], 'run'>

/** What each action has. A function cannot travel. */
const ACTIONS: Readonly<Record<Travels, Readonly<Record<string, Check>>>> = {
  reply: { reply: isObject },
  line: { line: isLine, close: isFlag },
  delay: { ms: isTime },
  stall: {},
  raw: { pieces: isTexts },
  drop: { after: isCount, of: oneOf('client', 'server') },
  'drop-after-accept': {},
  'drop-mid-literal': {},
  throttle: { octetsPerSecond: isRate },
  without: { keywords: isTexts },
  'fail-handshake': {},
  'uid-validity': {},
  'expunge-meanwhile': { which: oneOf('first', 'last', 'all') },
}
const KNOWN = new Map(Object.entries(ACTIONS))

/** Other commands of IMAP are steps by their names. */
const STEPS: Readonly<Record<Script['protocol'], ReadonlySet<string> | null>> = {
  smtp: new Set([...SMTP_STEPS, 'any']),
  imap: null,
  pop3: new Set([...POP3_STEPS, 'any']),
}

/** True when a protocol has such a step. */
export function isStep(protocol: Script['protocol'], step: string): boolean {
  return STEPS[protocol]?.has(step) ?? true
}

/** @throws TestMailError `options` for what is no action, or lacks something. */
export function decodeAction(json: unknown): FaultAction {
  const { type, ...given } = (json ?? {}) as Record<string, unknown>
  const fields = KNOWN.get(String(type))
  if (!fields)
    throw new TestMailError('options', `there is no action ${String(type)}; there are ${[...KNOWN.keys()].join(', ')}`)
  const values = new Map(Object.entries(given))
  for (const [name, check] of Object.entries(fields)) {
    if (!check(values.get(name)))
      throw new TestMailError(
        'options',
        `the action ${String(type)} has no such ${name}: ${JSON.stringify(values.get(name))}`,
      )
  }
  const action = json as FaultAction
  return action.type === 'reply' ? decodeReply(action) : action
}

function decodeReply({ reply: { code, enhanced, text } }: Extract<FaultAction, { type: 'reply' }>): FaultAction {
  try {
    return { type: 'reply', reply: reply(code, enhanced, text) }
  } catch (cause) {
    throw new TestMailError('options', `this is no SMTP reply: ${(cause as Error).message}`, { cause })
  }
}
