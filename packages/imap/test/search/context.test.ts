import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HELLO, testServer } from '../servers.js'
import { selectedClient } from './client.js'
import { mail, playSelected } from './play.js'

const three = async (made: ReturnType<typeof testServer>): Promise<void> => {
  for (const subject of ['b', 'd', 'f']) await made.deliver(mail({ Subject: subject }, 'x'))
}

test('RFC 5267 §4.3: a SEARCH that is kept up to date', () =>
  playSelected(
    `
    C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED
    S: * ESEARCH (TAG "B01") UID COUNT 0
    S: B01 OK SEARCH completed
    C: B01 SORT RETURN (UPDATE) (DATE) UTF-8 FLAGGED
    S: B01 BAD {*}
    C: s1 STORE 1:2 +FLAGS (\\Deleted)
    S: * 1 FETCH (FLAGS (\\Deleted))
    S: * 2 FETCH (FLAGS (\\Deleted))
    S: * ESEARCH (TAG "B01") UID ADDTO (0 1:2)
    S: s1 OK STORE completed
    C: s2 STORE 2 -FLAGS.SILENT (\\Deleted)
    S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 2)
    S: s2 OK STORE completed
    C: B02 SEARCH RETURN (UPDATE) ALL
    S: * ESEARCH (TAG "B02")
    S: B02 OK SEARCH completed
    C: s3 APPEND INBOX (\\Deleted) {3+}
    C: x
    C:
    S: * 4 EXISTS
    S: * 1 RECENT
    S: * ESEARCH (TAG "B01") UID ADDTO (0 4)
    S: * ESEARCH (TAG "B02") ADDTO (0 4)
    S: s3 OK [APPENDUID {*}] {*}
    C: s4 EXPUNGE
    S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 1,4)
    S: * ESEARCH (TAG "B02") REMOVEFROM (0 1,4)
    S: * 1 EXPUNGE
    S: * 3 EXPUNGE
    S: * 0 RECENT
    S: s4 OK EXPUNGE completed
    C: B04 CANCELUPDATE "B01" "B02"
    S: B04 OK CANCELUPDATE completed
    C: s5 STORE 1 +FLAGS (\\Deleted)
    S: * 1 FETCH (FLAGS (\\Deleted))
    S: s5 OK STORE completed
    C: B05 CANCELUPDATE "B01"
    S: B05 NO {*}
    C: B06 CANCELUPDATE
    S: B06 BAD {*}
    C: A01 SEARCH RETURN (CONTEXT COUNT) UNDELETED
    S: * ESEARCH (TAG "A01") COUNT 1
    S: A01 OK SEARCH completed
    C: A02 UID SEARCH RETURN (CONTEXT) UNDELETED
    S: * ESEARCH (TAG "A02") UID ALL 3
    S: A02 OK SEARCH completed
  `,
    three,
  ))

test('RFC 5267 §4.3.1: too many of them; they end with the mailbox', () =>
  playSelected(
    `
    C: B01 SEARCH RETURN (UPDATE COUNT) ALL
    S: * ESEARCH (TAG "B01") COUNT 3
    S: B01 OK SEARCH completed
    C: B02 UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 UNSEEN
    S: * ESEARCH (TAG "B02") UID COUNT 3
    S: * NO [NOUPDATE "B02"] {*}
    S: B02 OK SORT completed
    C: s1 SELECT INBOX
    S: * OK [CLOSED] {*}
    S: ...
    S: s1 OK [READ-WRITE] SELECT completed
    C: B03 CANCELUPDATE "B01"
    S: B03 NO {*}
    C: B01 SEARCH RETURN (UPDATE COUNT) ALL
    S: * ESEARCH (TAG "B01") COUNT 3
    S: B01 OK SEARCH completed
  `,
    three,
    { limits: { updatingSearches: 1 } },
  ))

test('RFC 5267 §4.3: a SORT that is kept up to date tells positions', () =>
  playSelected(
    `
    C: C01 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNDELETED
    S: * ESEARCH (TAG "C01") UID ALL 1:3
    S: C01 OK SORT completed
    C: s1 STORE 2 +FLAGS.SILENT (\\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (2 2)
    S: s1 OK STORE completed
    C: s2 APPEND INBOX {14+}
    C: Subject: c
    C:
    C:
    S: * 4 EXISTS
    S: * 1 RECENT
    S: * ESEARCH (TAG "C01") UID ADDTO (2 4)
    S: s2 OK {*}
    C: s3 STORE 2 -FLAGS.SILENT (\\Deleted)
    S: * ESEARCH (TAG "C01") UID ADDTO (3 2)
    S: s3 OK STORE completed
    C: s4 UID SORT (SUBJECT) UTF-8 UNDELETED
    S: * SORT 1 4 2 3
    S: s4 OK SORT completed
    C: s5 STORE 1,3 +FLAGS.SILENT (\\Deleted)
    S: * ESEARCH (TAG "C01") UID REMOVEFROM (1 1 3 3)
    S: s5 OK STORE completed
  `,
    three,
  ))

/** A client's list, as RFC 5267 §4.3.3 and §4.3.4 have it changed. */
function apply(list: number[], line: string): number[] {
  const next = [...list]
  const expand = (set: string): number[] =>
    set.split(',').flatMap((one) => {
      const [lo = 0, hi = lo] = one.split(':').map(Number)
      return Array.from({ length: hi - lo + 1 }, (_, i) => lo + i)
    })
  for (const [, kind, items] of line.matchAll(/(ADDTO|REMOVEFROM) \(([^)]*)\)/g)) {
    const words = (items as string).split(' ')
    for (let i = 0; i < words.length; i += 2) {
      const position = Number(words[i])
      const uids = expand(words[i + 1] as string)
      if (kind === 'ADDTO') {
        next.splice(position === 0 ? next.length : position - 1, 0, ...uids)
        if (position === 0) next.sort((a, b) => a - b)
      } else {
        for (const uid of uids) {
          const at = next.indexOf(uid)
          if (at === -1) throw new Error(`${uid} is not in the list`)
          if (position > 0 && at !== position - 1) throw new Error(`${uid} is at ${at + 1}, not at ${position}`)
          next.splice(at, 1)
        }
      }
    }
  }
  return next
}

test('a client that only listens has the list of one that asks anew, whatever two sessions do', async () => {
  const step = fc.record({
    who: fc.nat(1),
    what: fc.constantFrom('flag', 'unflag', 'append', 'expunge', 'noop', 'fetch'),
    pick: fc.nat(9),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom('SEARCH', 'SORT'), async (steps, kind) => {
      const made = testServer()
      for (let i = 0; i < 4; i++) await made.deliver(mail({ Subject: 'hdbf'[i] as string }, 'x'))
      const clients = [await selectedClient(made), await selectedClient(made)]
      const listener = clients[0] as Awaited<ReturnType<typeof selectedClient>>
      const asked = kind === 'SEARCH' ? 'UNDELETED' : '(SUBJECT) UTF-8 UNDELETED'
      let list: number[] = []
      const listen = (lines: readonly string[]): void => {
        for (const line of lines) if (line.startsWith('* ESEARCH (TAG "U1")')) list = apply(list, line)
      }
      const numbers = (lines: readonly string[]): number[] =>
        (lines.find((line) => line.startsWith(`* ${kind}`)) ?? '').split(' ').slice(2).map(Number)
      await listener.run(`U1 UID ${kind} RETURN (UPDATE) ${asked}`)
      list = numbers(await listener.run(`n0 UID ${kind} ${asked}`))
      for (const [i, { who, what, pick }] of steps.entries()) {
        const client = clients[who] as typeof listener
        const run = async (command: string): Promise<void> => {
          const lines = await client.run(`t${i} ${command}`)
          if (who === 0) listen(lines)
        }
        if (what === 'append') await run(`APPEND INBOX {${13}+}\r\nSubject: ${'acegi'[pick % 5]}\r\n`)
        else if (what === 'expunge') await run('EXPUNGE')
        else if (what === 'noop') await run('NOOP')
        else if (what === 'fetch') await run(`UID FETCH ${pick + 1} (FLAGS)`)
        else await run(`UID STORE ${pick + 1} ${what === 'flag' ? '+' : '-'}FLAGS (\\Deleted)`)
      }
      listen(await listener.run('z1 NOOP'))
      expect(list).toEqual(numbers(await listener.run(`z2 UID ${kind} ${asked}`)))
    }),
    { numRuns: 100 },
  )
})

test('leaving out CONTEXT=SORT leaves SEARCH with it', async () => {
  const { standardExtensions } = await import('../../src/index.js')
  await playSelected(
    `
    C: B01 SORT RETURN (UPDATE COUNT) (DATE) UTF-8 ALL
    S: * ESEARCH (TAG "B01") COUNT 1
    S: * NO [NOUPDATE "B01"] {*}
    S: B01 OK SORT completed
    C: B02 SEARCH RETURN (UPDATE COUNT) ALL
    S: * ESEARCH (TAG "B02") COUNT 1
    S: B02 OK SEARCH completed
  `,
    (made) => made.deliver(HELLO),
    { extensions: standardExtensions.filter(({ name }) => name !== 'CONTEXT=SORT') },
  )
})
