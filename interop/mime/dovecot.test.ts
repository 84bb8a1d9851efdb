/**
 * ENVELOPE and BODYSTRUCTURE of generated messages: ours beside Dovecot's. Every difference has an explanation here, or
 * the test fails.
 */
import { openSummary, summarize } from '@posthouse/mime/summary'
import { describe, expect, test } from 'vitest'
import { startDovecot } from '../dovecot.js'
import { typeTo } from '../line-client.js'
import { ensureInstalled } from '../tools.js'
import { explain } from './explained.js'
import { generateMessage } from './generate.js'
import { readTree, type Tree } from './imap-tree.js'

const COUNT = Number(process.env.POSTHOUSE_DIFFERENTIAL ?? 400)
const ready = ensureInstalled(['dovecot-imapd'])
const asRoot = process.getuid?.() === 0

interface Answer {
  readonly envelope: Tree
  readonly structure: Tree
}

/** Asks Dovecot about all messages over one connection. */
async function askDovecot(port: number, messages: readonly string[]): Promise<Answer[]> {
  const client = await typeTo(port)
  await client.until('* OK')
  client.write('a LOGIN oracle secret\r\n')
  await client.until('a OK')
  for (const message of messages)
    client.write(`b APPEND INBOX {${Buffer.byteLength(message, 'latin1')}+}\r\n${message}\r\n`)
  for (const _ of messages) await client.until('b OK')
  client.write('c SELECT INBOX\r\n')
  await client.until('c OK')
  client.socket.removeAllListeners('data')
  let heard = ''
  const done = new Promise<void>((resolve) => {
    client.socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (heard.includes('\r\nd OK')) resolve()
    })
  })
  client.write('d FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n')
  await done
  client.socket.destroy()
  const answers: Answer[] = []
  let at = heard.indexOf('* 1 FETCH (')
  for (let n = 1; n <= messages.length; n++) {
    const start = heard.indexOf(`* ${n} FETCH (`, at) + `* ${n} FETCH `.length
    const { tree, end } = readTree(heard, start)
    at = end
    const list = tree as readonly Tree[]
    answers.push({ envelope: list[list.indexOf('ENVELOPE') + 1], structure: list[list.indexOf('BODYSTRUCTURE') + 1] })
  }
  return answers
}

function askOurs(message: string): Answer {
  const summary = openSummary(summarize(Buffer.from(message, 'latin1')).summary)
  if (!summary) throw new Error('the summary cannot be read')
  const tree = (octets: Uint8Array): Tree => readTree(Buffer.from(octets).toString('latin1')).tree
  return { envelope: tree(summary.envelope()), structure: tree(summary.bodyStructure(true)) }
}

describe.skipIf(!ready || !asRoot)('beside Dovecot', () => {
  test(
    `${COUNT} generated messages have the same ENVELOPE and BODYSTRUCTURE, but for what is explained`,
    async () => {
      const dovecot = await startDovecot()
      try {
        const messages = Array.from({ length: COUNT }, (_, seed) => generateMessage(seed + 1))
        const theirs = await askDovecot(dovecot.imap, messages)
        const unexplained: unknown[] = []
        for (const [i, message] of messages.entries()) {
          const ours = askOurs(message)
          for (const item of ['envelope', 'structure'] as const) {
            if (!explain(ours[item], theirs[i][item])) {
              unexplained.push({
                seed: i + 1,
                item,
                ours: JSON.stringify(ours[item]),
                dovecot: JSON.stringify(theirs[i][item]),
              })
            }
          }
        }
        expect(unexplained.slice(0, 5)).toEqual([])
      } finally {
        await dovecot.stop()
      }
    },
    30_000 + COUNT * 50,
  )
})
