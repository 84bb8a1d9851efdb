import type { LineClient } from '../line-client.js'
import { typeTo } from '../line-client.js'
import { type Conversation, FILL } from './conversations.js'

/** What a server said to one line, without what two servers may say as they like. */
export interface Answer {
  readonly line: string
  readonly heard: readonly string[]
}

/** Has the whole conversation, in a mailbox with four messages. */
export async function converse(port: number, user: string, conversation: Conversation): Promise<Answer[]> {
  const open: LineClient[] = []
  async function connect(login: boolean): Promise<LineClient> {
    const client = await typeTo(port)
    open.push(client)
    await client.until('* OK')
    if (login) await ask(client, `LOGIN ${user} secret`)
    return client
  }
  try {
    if (conversation.loggedIn === false) {
      return await Promise.all(
        conversation.lines.map(async (line) => ({ line, heard: normalized(await ask(await connect(false), line)) })),
      )
    }
    const first = await connect(true)
    for (const line of FILL) await ask(first, line)
    return await inOrder(conversation.lines, first, async () => open[1] ?? connect(true))
  } finally {
    for (const { socket } of open) socket.destroy()
  }
}

async function inOrder(
  lines: readonly string[],
  client: LineClient,
  other: () => Promise<LineClient>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let validity = '0'
  let updating = ''
  for (const line of lines) {
    const command = line.replace('<validity>', validity).replace('<tag>', updating)
    const heard = command.startsWith(OTHER)
      ? await ask(await other(), command.slice(OTHER.length))
      : await ask(client, command)
    if (line.includes('(UPDATE')) updating = tag()
    if (line === 'COMPRESS DEFLATE' && heard.at(-1)?.startsWith('tag OK')) client.compress()
    validity = /\[UIDVALIDITY (\d+)\]/.exec(heard.join('\n'))?.[1] ?? validity
    answers.push({ line, heard: normalized(heard) })
  }
  return answers
}

const OTHER = '2: '

let tags = 0

const tag = (): string => `x${tags}x`

async function ask(client: LineClient, line: string): Promise<string[]> {
  tags++
  const own = tag()
  client.write(`${own} ${line.replaceAll('\\r\\n', '\r\n')}\r\n`)
  const heard = await client.until(`${own} `)
  return heard.map((one) => (one.startsWith(`${own} `) ? one.replace(own, 'tag') : one.replace(/x\d+x/g, 'TAG')))
}

/** Without the numbers that each server chooses, texts for people, and orders that mean nothing. */
function normalized(lines: readonly string[]): string[] {
  const made = responses(lines).map((response) => {
    const status = /^(tag|\*) (OK|NO|BAD|BYE) ?(\[[^\]]*\])?/.exec(response)
    const text = status ? [status[1], status[2], status[3] ?? ''].join(' ').trim() : response.replace(/^\+ ?.*/, '+')
    return (
      sorted(text)
        .replace(/\b(UIDVALIDITY|APPENDUID|COPYUID|HIGHESTMODSEQ) \d+/g, '$1 n')
        .replace(/\bMODSEQ (\(?)\d+/g, 'MODSEQ $1n')
        .replace(/INTERNALDATE "0/g, 'INTERNALDATE " ')
        .replace('BADCHARSET (US-ASCII UTF-8)', 'BADCHARSET')
        .replace('us-ascii', 'US-ASCII')
        // RFC 8474, which Dovecot has not.
        .replace(/ ?\[MAILBOXID .*\]/, '')
    )
  })
  // Untagged responses whose order is free.
  const free = (line: string): boolean => /^\* (LIST|LSUB|STATUS|OK|FLAGS|\d+ (EXISTS|RECENT))/.test(line)
  return [...made.filter(free).sort(), ...made.filter((line) => !free(line))].filter((line) => line !== '* OK')
}

/** Lines put together where literals are in between. */
function responses(lines: readonly string[]): string[] {
  const whole: string[] = []
  let open = 0
  for (const line of lines) {
    if (open > 0) whole.push(`${whole.pop()}\r\n${line}`)
    else whole.push(line)
    open = open > 0 ? open - line.length - 2 : 0
    if (open > 0) continue
    const literal = /\{(\d+)\}$/.exec(line)
    open = literal ? Math.max(Number(literal[1]), 0.5) : 0
  }
  return whole
}

/** Attributes of a mailbox, items of FETCH and ESEARCH in the order of their names. */
function sorted(response: string): string {
  const list = /^\* (LIST|LSUB) \(([^)]*)\) ("."|NIL) (?:"([^"]*)"|(\S+))(.*)$/.exec(response)
  if (list) {
    const attributes = list[2].split(' ').filter(Boolean).sort().join(' ')
    return `* ${list[1]} (${attributes}) ${list[3]} "${list[4] ?? list[5]}"${list[6]}`
  }
  const fetch = /^(\* \d+ FETCH \()([\s\S]*)\)$/.exec(response)
  if (fetch) return `${fetch[1]}${pairs(words(fetch[2])).join(' ')})`
  const esearch = /^(\* ESEARCH \(TAG "TAG"\)(?: UID)?)((?: \w+ (?:\([^)]*\)|\S+))*)$/.exec(response)
  return esearch ? `${esearch[1]} ${pairs(words(esearch[2].trim())).join(' ')}`.trim() : response
}

const pairs = (all: readonly string[]): string[] =>
  all.flatMap((word, i) => (i % 2 === 0 ? [`${word} ${all[i + 1]}`] : [])).sort()

/** What stands between the spaces that are in no string, literal or parenthesis. */
function words(text: string): string[] {
  const found: string[] = []
  let start = 0
  let depth = 0
  for (let i = 0; i <= text.length; i++) {
    const char = text[i]
    if (char === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++
    } else if (char === '{') {
      const end = text.indexOf('}', i)
      i = end + 2 + Number(text.slice(i + 1, end))
    } else if (char === '(' || char === '[') depth++
    else if (char === ')' || char === ']') depth--
    else if ((char === ' ' && depth === 0) || char === undefined) {
      if (i > start) found.push(text.slice(start, i))
      start = i + 1
    }
  }
  return found
}
