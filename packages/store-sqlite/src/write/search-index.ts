import type { Connection } from '../sql/connection.js'
import { inTransaction } from '../sql/roll-back.js'

/**
 * The full-text index: a third file that may be thrown away, because it can be made again from the messages. It holds
 * no text, only which trigrams stand where, so a search is for substrings as IMAP wants it (RFC 9051 §6.4.4).
 * Contents are indexed in the order of their ids; `done` says how far. What is not indexed yet, or cannot be, is a
 * candidate of every search.
 */

/**
 * The searchable text of one message, decoded. A field that is absent is not narrowed by the index: the message is a
 * candidate of every search in it. A field that is empty says that there is nothing to find.
 */
export interface SearchText {
  readonly subject?: string
  readonly from?: string
  readonly to?: string
  readonly cc?: string
  readonly bcc?: string
  /** All header fields; a search of everything looks here and in the body. */
  readonly header?: string
  readonly body?: string
}

/** The columns of the index, in the order of the table. */
export const SEARCH_COLUMNS = ['subject', 'from', 'to', 'cc', 'bcc', 'header', 'body'] as const

/** Columns as a number. */
export function columnBits(columns: readonly (typeof SEARCH_COLUMNS)[number][]): number {
  return columns.reduce((bits, column) => bits | (1 << SEARCH_COLUMNS.indexOf(column)), 0)
}

/** Versions of `search.db`. */
export const SEARCH_SCHEMA: readonly string[] = [
  `
  CREATE VIRTUAL TABLE text USING fts5(
    subject, "from", "to", cc, bcc, header, body, tokenize='trigram', content='', columnsize=0
  );
  CREATE TABLE progress(done INTEGER NOT NULL) STRICT;
  INSERT INTO progress VALUES(0);
  -- columns: bits of the fields that the index does not have.
  CREATE TABLE unindexed(content INTEGER PRIMARY KEY, columns INTEGER NOT NULL) STRICT;
  `,
  `
  -- Texts of the first version ended at their first NUL, and could not be taken out again.
  DROP TABLE text;
  CREATE VIRTUAL TABLE text USING fts5(
    subject, "from", "to", cc, bcc, header, body, tokenize='trigram', content='', contentless_delete=1
  );
  DELETE FROM unindexed;
  UPDATE progress SET done=0;
  `,
]

/** Text in the form of the index: its tokenizer takes a NUL for the end. */
export function indexedForm(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

/** Texts of contents; `null`: cannot be indexed. */
export interface IndexRequest {
  readonly type: 'index'
  /** True: forget everything first. */
  readonly anew: boolean
  /** Ascending by content. */
  readonly rows: readonly { readonly content: number; readonly text: SearchText | null }[]
}

/**
 * Adds texts, with the write lock of the full-text index held. Two processes may do the same work at once: what is done is
 * skipped. An index that is ahead of the messages is that of another time, as when files were put back, and is begun
 * anew.
 */
export function indexTexts(index: Connection, search: Connection, { anew, rows }: IndexRequest): null {
  let done = search.get('SELECT done FROM progress')?.[0] as number
  const nextContent = index.get("SELECT value FROM counter WHERE name='content'")?.[0] as number
  if (anew || done >= nextContent) {
    search.execute("INSERT INTO text(text) VALUES('delete-all')")
    search.execute('DELETE FROM unindexed')
    search.execute('UPDATE progress SET done=0')
    done = 0
  }
  for (const { content, text } of rows) {
    if (content <= done) continue
    done = content
    // Collected while its text was read. Asked under the lock: who is collected later is forgotten later.
    if (!index.get('SELECT 1 FROM content WHERE id=?', content)) continue
    const missing = SEARCH_COLUMNS.filter((column) => text?.[column] === undefined)
    if (missing.length > 0) {
      search.execute('INSERT INTO unindexed(content, columns) VALUES(?,?)', content, columnBits(missing))
    }
    if (!text) continue
    search.execute(
      'INSERT INTO text(rowid, subject, "from", "to", cc, bcc, header, body) VALUES(?,?,?,?,?,?,?,?)',
      content,
      ...SEARCH_COLUMNS.map((column) => indexedForm(text[column] ?? '')),
    )
  }
  search.execute('UPDATE progress SET done=?', done)
  return null
}

/** Contents that are forgotten at once. */
const FORGET = 1_000
/** Pages of the index that are cleaned at once of what is forgotten. */
const CLEAN = 64

/**
 * Forgets contents that are gone. The collector has written down which, and that is durable; only then the index is
 * changed, so that what a crash leaves undone is done the next time. `open`: `undefined` when there is no index.
 */
export function forgetTexts(index: Connection, open: () => Connection | undefined): void {
  const gone = index.all('SELECT content FROM text_gone LIMIT ?', FORGET)
  if (gone.length === 0) return
  const search = open()
  if (search) {
    inTransaction(search, () => {
      for (const [content] of gone) {
        search.execute('DELETE FROM text WHERE rowid=?', content)
        search.execute('DELETE FROM unindexed WHERE content=?', content)
      }
      // A deletion only hides: the trigrams go when the parts of the index are merged.
      search.execute("INSERT INTO text(text, rank) VALUES('merge', ?)", CLEAN)
    })
  }
  inTransaction(index, () => {
    for (const [content] of gone) index.execute('DELETE FROM text_gone WHERE content=?', content)
  })
}
