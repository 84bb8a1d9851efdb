/**
 * The code of the README runs as it stands. Where the comment behind an expression is a literal, the expression has that
 * value; where a block is about something else than the one message here, it says so below.
 */

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformWithEsbuild } from 'vite'
import { describe, expect, it } from 'vitest'
import * as compose from '../src/compose/index.js'
import * as edit from '../src/edit/index.js'
import * as main from '../src/index.js'
import * as report from '../src/report/index.js'
import * as summary from '../src/summary/index.js'
import { latin1Bytes } from './support/messages.js'

const MODULES: ReadonlyMap<string, object> = new Map<string, object>([
  ['@posthouse/mime', main],
  ['@posthouse/mime/compose', compose],
  ['@posthouse/mime/edit', edit],
  ['@posthouse/mime/report', report],
  ['@posthouse/mime/summary', summary],
])

const MESSAGE = `From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>\r
To: mary@example.com\r
Bcc: hidden@example.com\r
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r
Date: Tue, 1 Jul 2025 10:00:00 +0200\r
References: <1@example.org>\r
 <2@example.org>\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
\r
See the report.\r
--b\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename=report.pdf\r
Content-Transfer-Encoding: base64\r
\r
QUJD\r
--b--\r
`

const BOUNCE = `Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
\r
It did not arrive.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; mary@example.com\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 no such user\r
--b--\r
`

interface Block {
  readonly title: string
  readonly code: string
}

function blocks(): Block[] {
  const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
  return readme.split('\n## ').flatMap((section) => {
    const open = section.indexOf('```ts\n')
    if (open === -1) return []
    const code = section.slice(open + 6, section.indexOf('\n```', open))
    return [{ title: section.slice(0, section.indexOf('\n')), code }]
  })
}

/** `expression // 'literal'` becomes a check; how many there are is told. */
function withChecks(code: string): { code: string; checks: number } {
  let checks = 0
  const lines = code.split('\n').map((line) => {
    const found = /^\s*([a-zA-Z.?]+(?:\([^/]*\))?(?:\?\.[a-zA-Z]+)*) \/\/ (['[\d].*)$/.exec(line)
    if (!found) return line
    checks++
    return `equal(${found[1]}, ${found[2]})`
  })
  return { code: lines.join('\n'), checks }
}

/** Imports become reads of `modules`, so that the sources are run and not what was built. */
function withoutImports(code: string): string {
  return code.replace(/^import (\{[^}]+\}) from '([^']+)'$/gm, (_, names, module) => {
    expect(MODULES.has(module), module).toBe(true)
    return `const ${names} = modules.get('${module}')`
  })
}

/** Runs a block; gives what was written to `socket`, and all that it declared. */
async function run({ title, code }: Block, names: readonly string[] = []) {
  const checked = withChecks(withoutImports(code))
  const { code: script } = await transformWithEsbuild(`export {}\n${checked.code}`, `${title}.ts`, { format: 'esm' })
  const body = script.replace('export {};', '')
  const bytes = latin1Bytes(title.startsWith('Read a delivery') ? BOUNCE : MESSAGE)
  const written: Uint8Array[] = []
  let checks = 0
  const given: Record<string, unknown> = {
    modules: MODULES,
    bytes,
    source: (async function* () {
      yield bytes.subarray(0, 100)
      yield bytes.subarray(100)
    })(),
    readable: new Blob([bytes.slice()]).stream(),
    socket: { write: (chunk: Uint8Array) => written.push(chunk) },
    console: { log: () => {} },
    equal(actual: unknown, expected: unknown) {
      checks++
      expect(actual).toEqual(expected)
    },
  }
  const AsyncFunction = run.constructor as new (...parts: string[]) => (...values: unknown[]) => Promise<unknown>
  const declared = await new AsyncFunction(...Object.keys(given), `${body}\nreturn { ${names.join(', ')} }`)(
    ...Object.values(given),
  )
  expect(checks).toBe(checked.checks)
  return { written: Buffer.concat(written), declared: declared as Record<string, never>, checks }
}

const all = blocks()
const titled = (start: string) => all.find(({ title }) => title.startsWith(start))!

describe('the code of the README', () => {
  it.each(all.map((block) => [block.title, block] as const))('runs: %s', async (_title, block) => {
    await run(block)
  })

  it('says what comes out', async () => {
    const counts = await Promise.all(
      ['Read a message', 'Get at', 'Read a delivery', 'Index'].map((start) => run(titled(start))),
    )
    expect(counts.map(({ checks }) => checks)).toEqual([3, 2, 5, 2])
  })

  it('writes a message that reads back', async () => {
    const { written } = await run(titled('Write a message'))
    const message = main.parseMessage(written)
    expect([message.subject, message.text, message.attachments[0]?.filename]).toEqual([
      'Grüße',
      'See the report.',
      'report.pdf',
    ])
    expect(message.attachments[0]?.bytes()).toEqual(latin1Bytes(MESSAGE))
  })

  it('changes a header, at once and in a stream', async () => {
    const { declared } = await run(titled('Change a header'), ['edited', 'streamed'])
    const edited = main.parseMessage(declared.edited!)
    expect([edited.headers.get('x-spam-score'), edited.bcc, edited.text]).toEqual(['0.1', [], 'See the report.'])
    expect(new Uint8Array(await new Response(declared.streamed).arrayBuffer())).toEqual(declared.edited)
  })
})
