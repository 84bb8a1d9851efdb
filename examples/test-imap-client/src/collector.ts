import { ImapFlow } from 'imapflow'
import { simpleParser } from 'mailparser'

/** Where the program has been: UIDs count only under their UIDVALIDITY (RFC 9051 §2.3.1.1). */
export interface Position {
  readonly uidValidity: bigint
  readonly lastUid: number
}

/** A file that came by mail. */
export interface CollectedFile {
  readonly messageId: string
  readonly filename: string
  readonly octets: number
}

/** What one run found. */
export interface Collected {
  readonly files: readonly CollectedFile[]
  /** Messages that could not be read, by UID. */
  readonly unreadable: readonly number[]
  readonly position: Position
}

/** The product under test: the files of all messages behind `since`. */
export async function collect(
  server: { readonly host: string; readonly port: number },
  since: Position | null,
): Promise<Collected> {
  const auth = { user: 'ada', pass: 'x' }
  const imap = new ImapFlow({ ...server, secure: false, auth, logger: false, socketTimeout: 10_000 })
  // Without a listener a connection that breaks ends the process.
  imap.on('error', () => {})
  await imap.connect()
  try {
    const mailbox = await imap.mailboxOpen('INBOX', { readOnly: true })
    const first = since?.uidValidity === mailbox.uidValidity ? since.lastUid + 1 : 1
    const files: CollectedFile[] = []
    const unreadable: number[] = []
    let lastUid = first - 1
    for (const uid of await uidsFrom(imap, first)) {
      const message = await imap.fetchOne(String(uid), { source: true }, { uid: true })
      lastUid = uid
      // Somebody else may have removed it meanwhile.
      const source = message ? message.source : undefined
      if (!source) continue
      const parsed = await simpleParser(source).catch(() => null)
      if (!parsed) unreadable.push(uid)
      for (const { filename = '', size } of parsed?.attachments ?? []) {
        files.push({ messageId: parsed?.messageId ?? '', filename, octets: size })
      }
    }
    return { files, unreadable, position: { uidValidity: mailbox.uidValidity, lastUid } }
  } finally {
    await imap.logout().catch(() => {})
  }
}

/** `n:*` names the last message even when it is below `n`. */
async function uidsFrom(imap: ImapFlow, first: number): Promise<number[]> {
  const found = await imap.search({ uid: `${first}:*` }, { uid: true })
  return (found || []).filter((uid) => uid >= first)
}
