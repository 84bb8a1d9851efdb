import type { Connection } from '../sql/connection.js'
import { CHUNK_BYTES, MAX_CHUNKS } from '../sql/schema.js'
import { tailSize } from '../tail/files.js'
import type { VerifyReport } from './requests.js'

/** Problems that a report names at most. */
const MAX_PROBLEMS = 100

/** Sentences about the index: each query finds what must not be; columns are spoken in order. */
const INDEX_CHECKS: readonly (readonly [sql: string, sentence: string])[] = [
  [
    `SELECT b.id FROM mailbox b LEFT JOIN (
       SELECT mailbox, count(*) AS n, sum((flags & 1) = 0) AS u, sum((flags & 8) != 0) AS d, sum(size) AS s
       FROM msg GROUP BY mailbox) r ON r.mailbox=b.id
     WHERE b.dropped_at IS NULL AND (b.total, b.unseen, b.deleted, b.bytes)
       != (coalesce(r.n, 0), coalesce(r.u, 0), coalesce(r.d, 0), coalesce(r.s, 0))`,
    'the counters of mailbox ? differ from a recount',
  ],
  [
    `SELECT a.name FROM account a LEFT JOIN (
       SELECT account, sum(total) AS n, sum(bytes) AS s FROM mailbox WHERE dropped_at IS NULL GROUP BY account
     ) r ON r.account=a.id WHERE (a.messages, a.bytes) != (coalesce(r.n, 0), coalesce(r.s, 0))`,
    'the counters of account ? differ from the sum of its mailboxes',
  ],
  [
    `SELECT m.mailbox, m.uid FROM msg m JOIN mailbox b ON b.id=m.mailbox
     WHERE b.dropped_at IS NULL AND (m.uid >= b.uidnext OR m.modseq > b.modseq)`,
    'mailbox ? has a message (UID ?) beyond its UIDNEXT or HIGHESTMODSEQ',
  ],
  [
    'SELECT b.id FROM mailbox b JOIN account a ON a.id=b.account WHERE b.modseq > a.modseq OR b.uidvalidity >= a.next_validity',
    'mailbox ? is ahead of the clock of its account',
  ],
  [
    `SELECT m.mailbox, m.uid FROM msg m LEFT JOIN content c ON c.id=m.content
     WHERE c.id IS NULL OR c.blob != m.blob OR m.plen != coalesce(length(c.prefix), 0)`,
    'mailbox ? has a message (UID ?) whose content is missing or another',
  ],
  [
    `SELECT c.mailbox, p.name FROM personal_count c JOIN principal p ON p.id=c.principal
     JOIN mailbox b ON b.id=c.mailbox AND b.dropped_at IS NULL
     WHERE c.seen != (SELECT count(*) FROM personal f
       WHERE f.mailbox=c.mailbox AND f.principal=c.principal AND (f.flags & 1) != 0)`,
    'what mailbox ? counts as seen by ? differs from a recount',
  ],
  [
    `SELECT f.mailbox, f.uid FROM personal f JOIN mailbox b ON b.id=f.mailbox AND b.dropped_at IS NULL
     LEFT JOIN msg m ON m.mailbox=f.mailbox AND m.uid=f.uid WHERE m.uid IS NULL OR f.modseq > b.modseq`,
    'mailbox ? has flags of a guest on UID ?, which is not there',
  ],
  [
    'SELECT m.mailbox, m.uid FROM msg m LEFT JOIN mailbox b ON b.id=m.mailbox WHERE b.id IS NULL',
    'no mailbox ? for UID ?',
  ],
]

/** Counts everything again and looks for what does not fit together. Reads all rows, but no octets. */
export function verify(index: Connection, blobs: Connection, tails: string): VerifyReport {
  const problems: string[] = []
  const say = (sentence: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push(sentence)
  }
  for (const [name, db] of [
    ['index', index],
    ['blobs', blobs],
  ] as const) {
    for (const [line] of db.allOnce('PRAGMA quick_check(10)', [])) if (line !== 'ok') say(`${name}: ${line}`)
  }
  // One snapshot for all questions. Octets are asked for later, which is harmless: they outlive their rows.
  index.exec('BEGIN')
  try {
    for (const [sql, sentence] of INDEX_CHECKS) {
      for (const row of index.allOnce(`${sql} LIMIT ${MAX_PROBLEMS}`, [])) {
        let column = 0
        say(sentence.replace(/\?/g, () => String(row[column++])))
      }
    }
    const unusedBlobs = verifyBlobs(index, blobs, tails, say)
    const count = (table: string): number => index.allOnce(`SELECT count(*) FROM ${table}`, [])[0][0] as number
    return {
      accounts: count('account WHERE removed_at IS NULL'),
      mailboxes: count('mailbox WHERE dropped_at IS NULL'),
      messages: count('msg JOIN mailbox b ON b.id=msg.mailbox WHERE b.dropped_at IS NULL'),
      unusedBlobs,
      problems,
    }
  } finally {
    index.exec('COMMIT')
  }
}

/** Each message's octets are there, whole, and as many as it says. @returns the number of blobs without a message */
function verifyBlobs(index: Connection, blobs: Connection, tails: string, say: (sentence: string) => void): number {
  const sizes = new Map<number, number>()
  const whole = new Map<number, number>()
  const rows = blobs.allOnce('SELECT id, size, tail FROM blob WHERE done=1', []) as unknown as [
    number,
    number,
    number,
  ][]
  for (const [id, size, tail] of rows) {
    sizes.set(id, size)
    if (tail > 0 && tailSize(tails, id) === tail) whole.set(id, tail)
  }
  const chunks = blobs.allOnce(
    `SELECT id / ${MAX_CHUNKS}, count(*), max(id % ${MAX_CHUNKS}), sum(length(data)) FROM chunk GROUP BY 1`,
    [],
  ) as unknown as [number, number, number, number][]
  for (const [id, count, last, octets] of chunks) {
    if (count === last + 1 && Math.ceil(octets / CHUNK_BYTES) === count) whole.set(id, (whole.get(id) ?? 0) + octets)
  }
  const used = new Set<number>()
  for (let mailbox = 0, uid = 0; ; ) {
    const rows = index.all(
      'SELECT mailbox, uid, blob, size - plen FROM msg WHERE (mailbox, uid) > (?, ?) ORDER BY mailbox, uid LIMIT 5000',
      mailbox,
      uid,
    ) as unknown as [number, number, number, number][]
    for (const row of rows) {
      ;[mailbox, uid] = row
      const [, , blob, size] = row
      used.add(blob)
      if (sizes.get(blob) !== size) say(`mailbox ${mailbox} UID ${uid}: its octets are missing or not ${size}`)
      else if ((whole.get(blob) ?? 0) !== size) say(`mailbox ${mailbox} UID ${uid}: chunks of its octets are missing`)
    }
    if (rows.length === 0) break
  }
  let unused = 0
  for (const id of sizes.keys()) if (!used.has(id)) unused++
  return unused
}
