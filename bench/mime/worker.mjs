/**
 * One parser over one corpus in a process of its own: `worker.mjs PARSER FILE SECONDS`; prints MB per second of
 * processor time, and memory.
 */

import { readFileSync } from 'node:fs'
import { createSummarizer, indexMessage, MessageScanner, parseMessage } from '@posthouse/mime'
import { extract } from 'letterparser'
import { simpleParser } from 'mailparser'
import PostalMime from 'postal-mime'

/** Uses what was parsed, so that nothing stays undone. */
let sink = 0

/** Everything that the peers decode: addresses, subject, date, texts, attachments. */
function decodeAll(bytes) {
  const message = parseMessage(bytes)
  for (const field of message.headers) sink += field.name.length + field.value.length
  sink += message.from.length + message.to.length + message.cc.length + message.subject.length
  sink += (message.date?.getTime() ?? 0) + (message.messageId?.length ?? 0) + message.references.length
  sink += (message.text?.length ?? 0) + (message.html?.length ?? 0)
  for (const part of message.attachments) sink += part.bytes().length + (part.filename?.length ?? 0)
}

const PIECE = 65_536

function inPieces(bytes, write) {
  for (let at = 0; at < bytes.length; at += PIECE) write(bytes.subarray(at, at + PIECE))
}

const PARSERS = new Map([
  ['posthouse', decodeAll],
  ['posthouse, index only', (bytes) => void (sink += indexMessage(bytes).root.bodyEnd)],
  [
    'posthouse, index of 64 KB pieces',
    (bytes) => {
      const scanner = new MessageScanner({ countLines: true })
      inPieces(bytes, (piece) => scanner.write(piece))
      sink += scanner.end().root.bodyEnd
    },
  ],
  [
    'posthouse, summary of 64 KB pieces',
    (bytes) => {
      const summarizer = createSummarizer()
      inPieces(bytes, (piece) => summarizer.write(piece))
      sink += summarizer.end().summary.length
    },
  ],
  ['postal-mime', (bytes) => PostalMime.parse(bytes)],
  ['mailparser', (bytes) => simpleParser(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))],
  [
    'mailparser, no text to HTML',
    (bytes) =>
      simpleParser(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
        skipHtmlToText: true,
        skipTextToHtml: true,
        skipImageLinks: true,
      }),
  ],
  [
    'letterparser',
    (bytes) =>
      void (sink +=
        extract(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')).attachments?.length ?? 0),
  ],
])

const [, , name = '', file = '', seconds = '1'] = process.argv
const parse = PARSERS.get(name)
if (!parse) throw new Error(`no parser ${name}`)
const all = readFileSync(file)
const messages = []
for (let at = 0; at < all.length; at += 4 + all.readUInt32LE(at)) {
  messages.push(new Uint8Array(all.buffer, all.byteOffset + at + 4, all.readUInt32LE(at)))
}
const size = messages.reduce((sum, bytes) => sum + bytes.length, 0)

async function round() {
  for (const bytes of messages) {
    const pending = parse(bytes)
    if (pending) await pending
  }
}

/** Processor time in ms: on a machine with other work, a clock on the wall measures that too. */
const processorTime = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The most memory that was in use, in bytes. `resourceUsage` would tell that of the program that started this one. */
function peakMemory() {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))
  return line ? Number(line[1]) * 1024 : 0
}

// The clock on the wall says when to stop: to ask for processor time after each round would be part of it.
async function rounds() {
  const until = performance.now() + Number(seconds) * 1000
  let octets = 0
  do {
    await round()
    octets += size
  } while (performance.now() < until)
  return octets
}
// As long as is measured: compilers need their time.
await rounds()
const started = processorTime()
const octets = await rounds()
const rate = octets / (processorTime() - started) / 1000
console.log(JSON.stringify({ rate, memory: peakMemory(), sink: sink > 0 }))
