import { StoreError } from '@posthouse/store-api'
import type { Database } from './driver.js'
import { rollBack } from './roll-back.js'

/**
 * The tables of the two files. `index.db` holds what is small and changes together: accounts, mailboxes, messages.
 * `blobs.db` holds octets in chunks, with a write-ahead log of its own, so that big mail neither bloats the index
 * nor delays its checkpoints. The two need no common transaction: octets are durable before a row names them, and
 * only the collector removes them, while it holds the lock that every commit takes.
 *
 * Each entry of a list is one version; `PRAGMA user_version` counts the entries that a file has had. A released
 * entry never changes: a change is a new entry.
 */

/** Versions of `index.db`. */
export const INDEX_SCHEMA: readonly string[] = [
  `
  -- Counters that must never run backwards: ids are not reused, not even the largest after a deletion.
  CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counter VALUES('content', 1), ('collect_hold', 0);

  -- One clock per account: CONDSTORE, JMAP state and NOTIFY have one cursor, MOVE needs one number.
  CREATE TABLE account(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    modseq INTEGER NOT NULL, next_validity INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0, messages INTEGER NOT NULL DEFAULT 0,
    bytes_limit INTEGER, messages_limit INTEGER
  ) STRICT;
  CREATE TABLE address(address TEXT PRIMARY KEY, account INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  -- The path is its NFC segments joined by U+0001, which no segment can hold. A dropped mailbox keeps its row until
  -- its messages are purged in steps; the partial indexes free its name and role at once.
  CREATE TABLE mailbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, path TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL, floor INTEGER NOT NULL,
    total INTEGER NOT NULL DEFAULT 0, unseen INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    role TEXT, noselect INTEGER NOT NULL DEFAULT 0, dropped_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX mailbox_path ON mailbox(account, path) WHERE dropped_at IS NULL;
  CREATE UNIQUE INDEX mailbox_role ON mailbox(account, role) WHERE dropped_at IS NULL AND role IS NOT NULL;
  CREATE INDEX mailbox_dropped ON mailbox(id) WHERE dropped_at IS NOT NULL;
  CREATE TABLE subscription(account INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY(account, path)) STRICT, WITHOUT ROWID;
  CREATE TABLE keyword(mailbox INTEGER NOT NULL, fold TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(mailbox, fold)) STRICT, WITHOUT ROWID;

  -- Hot and narrow: everything a flag sync needs. kw: keywords joined by spaces, NULL when none.
  CREATE TABLE msg(
    mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, modseq INTEGER NOT NULL, flags INTEGER NOT NULL, kw TEXT,
    size INTEGER NOT NULL, idate INTEGER NOT NULL, sdate INTEGER NOT NULL,
    content INTEGER NOT NULL, blob INTEGER NOT NULL, plen INTEGER NOT NULL,
    PRIMARY KEY(mailbox, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX msg_modseq ON msg(mailbox, modseq);
  CREATE INDEX msg_content ON msg(content);
  -- EXPUNGE finds what it removes without a look at what stays.
  CREATE INDEX msg_deleted ON msg(mailbox, uid) WHERE (flags & 8) != 0;

  -- Cold: written once, shared by copies. Its id is the EMAILID (RFC 8474 §5.1).
  CREATE TABLE content(
    id INTEGER PRIMARY KEY, account INTEGER NOT NULL, blob INTEGER NOT NULL,
    prefix BLOB, summary BLOB NOT NULL, header BLOB
  ) STRICT;
  CREATE INDEX content_blob ON content(blob);
  -- Contents that lost a row: looked at again after the grace time.
  CREATE TABLE release(after INTEGER NOT NULL, content INTEGER NOT NULL, PRIMARY KEY(after, content)) STRICT, WITHOUT ROWID;

  -- Expunged UIDs, one row for each commit: ranges as pairs of little-endian 32-bit numbers.
  CREATE TABLE gone(
    mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, at INTEGER NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY(mailbox, modseq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX gone_at ON gone(at);

  -- Deliveries and commits that may be repeated without harm.
  CREATE TABLE delivered(
    account INTEGER NOT NULL, key TEXT NOT NULL, mailbox INTEGER NOT NULL, uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX delivered_at ON delivered(at);
  CREATE TABLE committed(
    account INTEGER NOT NULL, key TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX committed_at ON committed(at);

  -- METADATA and ACL; 0 and '', not NULL, mean "none", so that the key is unique.
  CREATE TABLE meta(
    account INTEGER NOT NULL, mailbox INTEGER NOT NULL, principal TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY(account, mailbox, principal, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Sharing. Rights: letters of RFC 4314. The owner is not in the list.
  CREATE TABLE acl(
    mailbox INTEGER NOT NULL, identifier TEXT NOT NULL, rights TEXT NOT NULL, PRIMARY KEY(mailbox, identifier)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX acl_identifier ON acl(identifier, mailbox);
  CREATE TABLE principal(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  -- Flags that a guest keeps for itself, and how many messages of a mailbox it has seen.
  CREATE TABLE personal(
    mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, principal INTEGER NOT NULL, flags INTEGER NOT NULL,
    modseq INTEGER NOT NULL, PRIMARY KEY(mailbox, uid, principal)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX personal_modseq ON personal(mailbox, principal, modseq);
  CREATE TABLE personal_count(
    mailbox INTEGER NOT NULL, principal INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY(mailbox, principal)
  ) STRICT, WITHOUT ROWID;

  -- Each principal has subscriptions of its own; '' is the owner.
  CREATE TABLE subscribed(
    account INTEGER NOT NULL, principal TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY(account, principal, path)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO subscribed SELECT account, '', path FROM subscription;
  DROP TABLE subscription;

  -- Conversations: ids of messages, hashed with their base subject, and the content that brought them.
  ALTER TABLE msg ADD COLUMN thread INTEGER;
  CREATE INDEX msg_thread ON msg(mailbox, thread) WHERE thread IS NOT NULL;
  CREATE TABLE thread_key(
    account INTEGER NOT NULL, key INTEGER NOT NULL, thread INTEGER NOT NULL, content INTEGER NOT NULL,
    PRIMARY KEY(account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX thread_key_content ON thread_key(content);

  -- Accounts that were removed: their name is free, their mailboxes are purged like dropped ones.
  -- The row stays, so that neither the number nor a UIDVALIDITY comes again (R8). removed_at: ms; 0 once it is purged.
  ALTER TABLE account ADD COLUMN removed_at INTEGER;
  ALTER TABLE account ADD COLUMN former TEXT;
  CREATE INDEX account_former ON account(former) WHERE former IS NOT NULL;
  CREATE INDEX account_removed ON account(removed_at) WHERE removed_at > 0;
  `,
  `
  -- Rows that left msg, for as long as their octets can be read (R7): sessions that have not been told may still fetch
  -- them. expunged_at is the queue by which they are forgotten: one row for each commit and mailbox, ranges as in gone.
  CREATE TABLE expunged(
    mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, modseq INTEGER NOT NULL, flags INTEGER NOT NULL, kw TEXT,
    size INTEGER NOT NULL, idate INTEGER NOT NULL, sdate INTEGER NOT NULL,
    content INTEGER NOT NULL, blob INTEGER NOT NULL, plen INTEGER NOT NULL, thread INTEGER,
    PRIMARY KEY(mailbox, uid)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE expunged_at(
    at INTEGER NOT NULL, mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, ranges BLOB NOT NULL,
    PRIMARY KEY(at, mailbox, modseq)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Contents that are gone, and that the full-text index may still have.
  CREATE TABLE text_gone(content INTEGER PRIMARY KEY) STRICT;
  `,
  `
  -- What a principal has in the accounts of others goes with its own account.
  CREATE INDEX meta_principal ON meta(principal) WHERE principal != '';
  CREATE INDEX subscribed_principal ON subscribed(principal) WHERE principal != '';
  `,
  `
  -- Is a content released again, later? Its octets wait for the last time.
  CREATE INDEX release_content ON release(content);
  `,
]

/** Versions of `blobs.db`. */
export const BLOBS_SCHEMA: readonly string[] = [
  `
  CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO counter VALUES('blob', 1);
  -- lease: ms; until then a commit may name the blob. NULL: looked at by the collector and found in use.
  -- done: 0 while octets still stream in.
  CREATE TABLE blob(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, lease INTEGER, done INTEGER NOT NULL) STRICT;
  CREATE INDEX blob_lease ON blob(lease) WHERE lease IS NOT NULL;
  -- id = blob * 65536 + number of the chunk: appended in order, found without an index.
  CREATE TABLE chunk(id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
  `,
  `
  -- Octets at the end of the blob that are in a file of their own, not in chunks.
  ALTER TABLE blob ADD COLUMN tail INTEGER NOT NULL DEFAULT 0;
  `,
]

/** Octets in a chunk; all chunks of a blob but the last are full. */
export const CHUNK_BYTES = 65536
/** Chunks in a blob at most: 4 GiB. */
export const MAX_CHUNKS = 65536

/**
 * Brings a file to the newest version, each step in one transaction.
 * @throws StoreError `unavailable` when the file was made by a newer release.
 */
export function migrate(db: Database, file: string, versions: readonly string[]): void {
  if (version(db) === versions.length) return
  // Several processes may open a new file at once: the lock comes first, then the question.
  db.exec('BEGIN IMMEDIATE')
  try {
    const have = version(db)
    if (have > versions.length) {
      throw new StoreError(
        'unavailable',
        `${file} has version ${have}; this release knows ${versions.length}: upgrade it`,
      )
    }
    for (const step of versions.slice(have)) db.exec(step)
    db.exec(`PRAGMA user_version=${versions.length}`)
    db.exec('COMMIT')
  } catch (error) {
    rollBack(db)
    throw error
  }
}

function version(db: Database): number {
  return db.prepare('PRAGMA user_version').get()?.[0] as number
}
