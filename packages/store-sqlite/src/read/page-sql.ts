import type { Guest } from '../viewer.js'
import { LIGHT_NUMBERS, NUMBERS } from './pack.js'
import { GUEST_MESSAGES, guestColumns } from './rows.js'

/** Summaries and headers up to this are read together; longer ones one by one, once it is clear that they fit. */
export const SHORT = 16_384

/** The one row that SQLite gives for a page: how many rows, then values that hold all of them. */
export type Found = readonly [
  read: number,
  keywords: string | null,
  prefixes: Uint8Array | null,
  prefixSizes: string | null,
  summaries: Uint8Array | null,
  summarySizes: string | null,
  headers: Uint8Array | null,
  headerSizes: string | null,
  ...numbers: (string | null)[],
]

/** What a page is to hold. */
export interface PageColumns {
  readonly light: boolean
  readonly summary: boolean
  readonly header: boolean
  /** Of messages that are gone. */
  readonly expunged: boolean
}

/** One of a few constant texts, so that each is prepared once. Values: ranges as JSON, the guest, mailbox, limit. */
export function pageSql({ light, summary, header, expunged }: PageColumns, guest: Guest | null): string {
  const from = expunged ? expungedMessages(guest) : messages(guest)
  const contents = summary || header || expunged ? 'JOIN content c ON c.id=m.content' : ''
  // A look into the wide table for each message that has a prefix costs more than all the rest of a flag sync.
  const prefix = light
    ? 'NULL'
    : contents
      ? 'c.prefix'
      : 'CASE WHEN m.plen > 0 THEN (SELECT prefix FROM content WHERE id=m.content) END'
  const sums = [
    'count(*)',
    `group_concat(uid || ' ' || kw, char(10))`,
    ...joined(light ? null : 'prefix', 'plen > 0'),
    ...joined(summary ? 'summary' : null, `length(summary) <= ${SHORT}`),
    ...joined(header ? 'header' : null, `length(header) <= ${SHORT}`),
    ...(light ? LIGHT_NUMBERS : NUMBERS).map((name) => `group_concat(${name})`),
  ]
  const octets = [
    `${prefix} AS prefix`,
    summary ? 'c.summary' : 'NULL AS summary',
    header ? 'c.header' : 'NULL AS header',
  ]
  return `SELECT ${sums.join(', ')} FROM (
    SELECT m.uid, ${from.modseq} AS modseq, ${from.flags} AS flags, m.kw, m.size, m.idate, m.sdate, m.content, m.blob,
      m.plen, coalesce(m.thread, 0) AS thread, ${octets.join(', ')}
    FROM json_each(?) r CROSS JOIN ${from.table} ${contents}
    WHERE m.mailbox=? AND m.uid BETWEEN r.value->>0 AND r.value->>1 LIMIT ?)`
}

interface From {
  readonly table: string
  readonly flags: string
  readonly modseq: string
}

function messages(guest: Guest | null): From {
  if (guest) return { table: GUEST_MESSAGES, ...guestColumns(guest) }
  return { table: 'msg m', flags: 'm.flags', modseq: 'm.modseq' }
}

/** Rows that are gone, while their contents are there. What a guest kept for itself went with them. */
function expungedMessages(guest: Guest | null): From {
  return { table: 'expunged m', flags: guest ? `m.flags & ${~guest.privateFlags}` : 'm.flags', modseq: 'm.modseq' }
}

/** A column of octets as one value, without those that are not short, and the length of each. */
function joined(name: string | null, short: string): readonly string[] {
  if (name === null) return ['NULL', 'NULL']
  return [
    `CAST(group_concat(CASE WHEN ${short} THEN ${name} END, '') AS BLOB)`,
    `group_concat(coalesce(length(${name}), -1))`,
  ]
}
