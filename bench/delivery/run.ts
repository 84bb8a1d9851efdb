/**
 * Into a mailbox, durably: our server with the SQLite store beside Postfix's local delivery (Maildir), 10 KB, 50
 * connections, rounds interleaved. Ours has said 250 when the mail is in the mailbox; Postfix has queued it then, so its
 * time runs until the last one is delivered. Needs root and Postfix. `--messages 5000` of ours; Postfix gets a tenth.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Postfix, startPostfix } from '../../interop/postfix.js'
import { median, option, printTable, startServer } from '../harness.js'

const smtp = fileURLToPath(new URL('../smtp', import.meta.url))
const messages = option('messages', 5_000)
const rounds = option('rounds', 3)
const CONNECTIONS = 50
const SIZE = 10_240

const generator = join(mkdtempSync(join(tmpdir(), 'posthouse-bench-')), 'generator')
execFileSync('cc', ['-O2', '-o', generator, join(smtp, 'generator.c')])

function send(port: number, count: number): void {
  const args = ['127.0.0.1', port, 'lockstep', CONNECTIONS, count, SIZE].map(String)
  const { status, stderr } = spawnSync(generator, args, { encoding: 'utf8', timeout: 300_000 })
  if (status !== 0) throw new Error(`the generator failed: ${stderr}`)
}

/** Resolves when so many messages are in the mailbox. */
function delivered(folder: string, count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (readdirSync(folder).length < count) return
      watcher.close()
      resolve()
    }
    const watcher = watch(folder, look)
    look()
  })
}

async function rate(count: number, work: () => void | Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (count * 1000) / (performance.now() - began)
}

async function compare(port: number, postfix: Postfix): Promise<{ ours: number[]; theirs: number[] }> {
  const inbox = join(postfix.folder, 'mail', 'alice', 'new')
  const ours: number[] = []
  const theirs: number[] = []
  const few = Math.ceil(messages / 10)
  // The first round warms both up.
  send(port, messages)
  send(postfix.port, 1)
  await postfix.deliveredTo('alice', 1)
  for (let round = 0; round < rounds; round++) {
    ours.push(await rate(messages, () => send(port, messages)))
    const target = readdirSync(inbox).length + few
    theirs.push(
      await rate(few, async () => {
        send(postfix.port, few)
        await delivered(inbox, target)
      }),
    )
  }
  return { ours, theirs }
}

const server = await startServer([process.execPath, '--import', 'tsx', join(smtp, 'ours.ts'), 'sqlite'], true)
const postfix = await startPostfix({
  settings: [
    'virtual_mailbox_domains = example.test',
    'virtual_mailbox_maps = inline:{ { alice@example.test = alice/ } }',
  ],
})
try {
  const { ours, theirs } = await compare(server.port, postfix)
  const ratio = median(ours) / median(theirs)
  printTable(
    ['10 KB into a mailbox, 50 connections', 'messages per second', 'beside Postfix'],
    [
      ['posthouse + SQLite', median(ours).toFixed(0), ratio.toFixed(1)],
      ['Postfix, Maildir', median(theirs).toFixed(0), '1'],
    ],
  )
} finally {
  await Promise.all([server.stop(), postfix.stop()])
}
