/** Every capability that is told has a conversation after its RFC: which test plays it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { literalMinus, messageLimit, metadataServer, quotaSet, saveLimit, standardExtensions } from '../src/index.js'
import { DialogueClient } from './dialogue.js'
import { testServer } from './servers.js'

test('the log of a server is there for listeners that have none', () => {
  const log = (): void => {}
  expect(testServer({ log }).server.log).toBe(log)
})

/** Capability (up to a value that is not the same everywhere): file, and what stands in the test's name. */
const PLAYED: Readonly<Record<string, readonly [file: string, title: string]>> = {
  ACL: ['acl.test.ts', 'RFC 4314 §3: GETACL, SETACL'],
  'APPENDLIMIT=': ['extensions.test.ts', 'RFC 3516, 8970, 8514, 8474'],
  'AUTH=': ['imap.test.ts', 'RFC 9051 §6.2.2: AUTHENTICATE PLAIN'],
  BINARY: ['extensions.test.ts', 'RFC 3516 §4.3'],
  CHILDREN: ['extensions.test.ts', 'RFC 5258, 5819, 6154'],
  'COMPRESS=DEFLATE': ['node.test.ts', 'RFC 8437 §3, RFC 4978 §3'],
  CONDSTORE: ['extensions.test.ts', 'RFC 7162 §3.1: CONDSTORE'],
  'CONTEXT=SEARCH': ['search/context.test.ts', 'RFC 5267 §4.3: a SEARCH'],
  'CONTEXT=SORT': ['search/context.test.ts', 'RFC 5267 §4.3: a SORT'],
  'CREATE-SPECIAL-USE': ['extensions.test.ts', 'RFC 5258, 5819, 6154'],
  ENABLE: ['imap.test.ts', 'ID, NAMESPACE, ENABLE, UNSELECT'],
  ESEARCH: ['extensions.test.ts', 'RFC 4731 and RFC 5182'],
  ESORT: ['search/sort.test.ts', 'RFC 5267 §3'],
  'I18NLEVEL=1': ['search/casemap.test.ts', 'i;unicode-casemap (RFC 5051)'],
  ID: ['imap.test.ts', 'ID, NAMESPACE, ENABLE, UNSELECT'],
  IDLE: ['imap.test.ts', 'IDLE: DONE and the next command'],
  IMAP4rev1: ['imap.test.ts', 'RFC 9051 §8: a sample connection'],
  IMAP4rev2: ['extensions.test.ts', 'RFC 9051: IMAP4rev2 enabled'],
  INPROGRESS: ['search/work.test.ts', 'RFC 9585: progress is told'],
  'LIST-EXTENDED': ['extensions.test.ts', 'RFC 5258, 5819, 6154'],
  'LIST-METADATA': ['annotations.test.ts', 'RFC 9590: LIST RETURN (METADATA)'],
  'LIST-MYRIGHTS': ['acl.test.ts', 'RFC 2342 and RFC 8440'],
  'LIST-STATUS': ['list.test.ts', 'RFC 5819 §2'],
  'LITERAL+': ['imap.test.ts', 'RFC 7888: non-synchronising literals'],
  'LITERAL-': ['extensions.test.ts', 'RFC 7888 §5: with LITERAL- alone'],
  LOGINDISABLED: ['session.test.ts', 'RFC 9051 §6.2.1: STARTTLS'],
  'MESSAGELIMIT=': ['uids.test.ts', 'RFC 9738 §3.1: commands act on the newest'],
  METADATA: ['annotations.test.ts', 'RFC 5464: GETMETADATA and SETMETADATA'],
  'METADATA-SERVER': ['base.test.ts', 'RFC 5464 §1: METADATA-SERVER'],
  MOVE: ['imap.test.ts', 'COPY and MOVE tell COPYUID'],
  MULTIAPPEND: ['extensions.test.ts', 'RFC 3502 and RFC 8508'],
  MULTISEARCH: ['search/multi-search.test.ts', 'RFC 7377: ESEARCH in several'],
  NAMESPACE: ['acl.test.ts', 'RFC 2342 and RFC 8440'],
  NOTIFY: ['notify.test.ts', 'RFC 5465 §4'],
  OBJECTID: ['items.test.ts', 'RFC 8474 §5'],
  PARTIAL: ['annotations.test.ts', 'RFC 9394'],
  PREVIEW: ['extensions.test.ts', 'RFC 3516, 8970, 8514, 8474'],
  QRESYNC: ['extensions.test.ts', 'RFC 7162 §3.2.5: QRESYNC'],
  QUOTA: ['annotations.test.ts', 'RFC 9208: QUOTA tells'],
  'QUOTA=RES-MESSAGE': ['annotations.test.ts', 'RFC 9208: QUOTA tells'],
  'QUOTA=RES-STORAGE': ['annotations.test.ts', 'RFC 9208: QUOTA tells'],
  QUOTASET: ['base.test.ts', 'RFC 9208 §4.1.3: QUOTASET'],
  REPLACE: ['extensions.test.ts', 'RFC 3502 and RFC 8508'],
  'RIGHTS=': ['acl.test.ts', 'RFC 4314 §3: GETACL, SETACL'],
  'SASL-IR': ['authenticate.test.ts', '(initial response: %s)'],
  SAVEDATE: ['items.test.ts', 'RFC 8514 §4'],
  'SAVELIMIT=': ['uids.test.ts', 'RFC 9738 §4: SAVELIMIT'],
  'SEARCH=FUZZY': ['search/fuzzy.test.ts', 'RFC 6203'],
  SEARCHRES: ['extensions.test.ts', 'RFC 4731 and RFC 5182'],
  SORT: ['search/sort.test.ts', 'RFC 5256 §3: SORT'],
  'SORT=DISPLAY': ['search/sort.test.ts', 'RFC 5256 §3: SORT'],
  'SPECIAL-USE': ['extensions.test.ts', 'RFC 5258, 5819, 6154'],
  STARTTLS: ['session.test.ts', 'RFC 9051 §6.2.1: STARTTLS'],
  'STATUS=SIZE': ['extensions.test.ts', 'RFC 5258, 5819, 6154'],
  'THREAD=ORDEREDSUBJECT': ['search/kept-order.test.ts', 'SORT and THREAD after messages'],
  'THREAD=REFERENCES': ['search/thread.test.ts', 'THREAD and UID THREAD'],
  'THREAD=REFS': ['search/thread.test.ts', 'THREAD and UID THREAD'],
  UIDBATCHES: ['uids.test.ts', 'RFC 10022 §3'],
  UIDONLY: ['uids.test.ts', 'RFC 9586 §3'],
  UIDPLUS: ['imap.test.ts', 'ID, NAMESPACE, ENABLE, UNSELECT, UID EXPUNGE'],
  UNAUTHENTICATE: ['extensions.test.ts', 'RFC 8437: UNAUTHENTICATE'],
  UNSELECT: ['imap.test.ts', 'ID, NAMESPACE, ENABLE, UNSELECT'],
  'UTF8=ACCEPT': ['items.test.ts', 'RFC 9755 §3 to §5'],
  WITHIN: ['items.test.ts', 'RFC 5032 §3'],
}

/** The entry that speaks of a word. */
function entryOf(word: string): string | undefined {
  return Object.keys(PLAYED).find((key) => (key.endsWith('=') ? word.startsWith(key) : word === key))
}

/** What a client is told before its login and after it. */
async function told(options: Parameters<typeof testServer>[0]): Promise<string[]> {
  const client = new DialogueClient(testServer(options).server)
  await client.line()
  const lines = await client.run('a CAPABILITY')
  if (options?.allowInsecureAuth !== false) {
    await client.run('b LOGIN alice secret')
    lines.push(...(await client.run('c CAPABILITY')))
  }
  return lines.flatMap((line) => (line.startsWith('* CAPABILITY ') ? line.split(' ').slice(2) : []))
}

test('every word of CAPABILITY has a test, and every test is there', async () => {
  const optional = [literalMinus, messageLimit(1_000), saveLimit(1_000), quotaSet(async () => {}), metadataServer]
  const words = new Set([
    // Over a socket only.
    'COMPRESS=DEFLATE',
    ...(await told({ extensions: [...standardExtensions, ...optional] })),
    ...(await told({})),
    ...(await told({ allowInsecureAuth: false })),
  ])
  expect([...words].filter((word) => entryOf(word) === undefined)).toEqual([])
  const used = new Set([...words].map(entryOf))
  expect(Object.keys(PLAYED).filter((key) => !used.has(key))).toEqual([])
  for (const [word, [file, title]] of Object.entries(PLAYED)) {
    const tests = readFileSync(new URL(file, import.meta.url), 'utf8').match(/^\s*(test|describe)\b.*$|^ {2}'.*',$/gm)
    expect(tests?.some((line) => line.includes(title)) ? '' : `${word}: no test "${title}" in ${file}`).toBe('')
  }
})
