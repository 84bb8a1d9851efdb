import { fromUtf8, latin1 } from '@posthouse/wire'
import { connectInMemory, type MemoryConnection, type MemoryConnectionOptions } from '@posthouse/wire/testing'
import type { ImapServer } from '../src/index.js'

/**
 * Plays a dialogue of several clients with one server, in the order of its lines:
 *
 * ```
 * alice> a1 NOOP                     alice's client sends this line
 * alice< a1 OK NOOP completed        the next line that it hears; {*} stands for any text
 * alice< ...                         any lines, up to the next one expected
 * alice-                             it has heard everything
 * ```
 *
 * A client is connected at its first line and logs in with its name (up to a digit: `alice2` is alice, too).
 */
export async function playDialogue(
  server: ImapServer,
  text: string,
  options: MemoryConnectionOptions = {},
): Promise<void> {
  const clients = new Map<string, DialogueClient>()
  const client = async (name: string): Promise<DialogueClient> => {
    const known = clients.get(name)
    if (known) return known
    const made = new DialogueClient(server, options)
    clients.set(name, made)
    await made.logIn(name.replace(/\d+$/, ''))
    return made
  }
  for (const [number, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const parts = /^(\w+)([<>-]) ?(.*)$/.exec(line)
    if (!parts) throw new Error(`dialogue line ${number + 1}: ${raw}`)
    const [, name, direction, content] = parts as unknown as [string, string, string, string]
    const who = await client(name)
    if (direction === '>') who.send(content)
    else if (direction === '<') await who.expect(content, number + 1)
    else await who.expectSilence(number + 1)
  }
}

export class DialogueClient {
  readonly connection: MemoryConnection
  #heard = ''
  #skipping = false

  constructor(server: ImapServer, options: MemoryConnectionOptions = {}) {
    this.connection = connectInMemory(server, options)
  }

  async logIn(user: string): Promise<void> {
    await this.line()
    this.send(`l0 LOGIN ${user} secret`)
    const answer = await this.line()
    if (!answer.startsWith('l0 OK')) throw new Error(answer)
  }

  send(line: string): void {
    this.connection.send(fromUtf8(`${line.replaceAll('\\r\\n', '\r\n')}\r\n`))
  }

  async line(wait = 2_000): Promise<string> {
    for (;;) {
      const end = this.#heard.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#heard.slice(0, end)
        this.#heard = this.#heard.slice(end + 2)
        return line
      }
      if (this.connection.closed) {
        this.#heard += latin1(this.connection.take())
        if (!this.#heard.includes('\r\n')) throw new Error('the connection is closed')
        continue
      }
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('nothing was heard')), wait)
      })
      await Promise.race([this.connection.output(), late]).finally(() => clearTimeout(timer))
      this.#heard += latin1(this.connection.take())
    }
  }

  /** Runs a command; all lines up to its end. */
  async run(command: string): Promise<string[]> {
    this.send(command)
    const tag = command.slice(0, command.indexOf(' '))
    const lines: string[] = []
    do lines.push(await this.line())
    while (!lines[lines.length - 1]?.startsWith(`${tag} `))
    return lines
  }

  async expect(wanted: string, number: number): Promise<void> {
    if (wanted === '...') {
      this.#skipping = true
      return
    }
    for (;;) {
      const heard = await this.line().catch((error: Error) => {
        throw new Error(`dialogue line ${number}: wanted ${wanted}: ${error.message}`)
      })
      if (fits(heard, wanted)) break
      if (!this.#skipping) throw new Error(`dialogue line ${number}\n  wanted ${wanted}\n  heard  ${heard}`)
    }
    this.#skipping = false
  }

  async expectSilence(number: number): Promise<void> {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    this.#heard += latin1(this.connection.take())
    if (this.#heard !== '') throw new Error(`dialogue line ${number}: heard ${JSON.stringify(this.#heard)}`)
  }
}

function fits(heard: string, wanted: string): boolean {
  let at = 0
  const pieces = wanted.split('{*}')
  for (const [i, piece] of pieces.entries()) {
    const found = i === pieces.length - 1 && i > 0 ? heard.length - piece.length : heard.indexOf(piece, at)
    if (found < at || (i === 0 && found !== 0) || !heard.startsWith(piece, found)) return false
    at = found + piece.length
  }
  return at === heard.length
}
