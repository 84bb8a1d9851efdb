import {
  type Account,
  composeText,
  Flag,
  type MailStore,
  type MessageRow,
  pages,
  StoreError,
  sliceOf,
} from '@posthouse/store-api'

/** The application's own table, as it was before anybody thought of mail. */
export interface Note {
  /** Never used twice: `INTEGER PRIMARY KEY AUTOINCREMENT`, or a counter. */
  readonly id: number
  readonly owner: string
  readonly sender: string
  readonly title: string
  readonly text: string
  readonly createdAt: number
  readonly read: boolean
  /** Grows with every change of any row: one counter for the table. */
  readonly revision: number
}

export interface Notes {
  /** Rows of an owner with `id` and `revision` in the range, by id. */
  select(owner: string, from: number, to: number, since: number, limit: number): readonly Note[]
  /** `nextId` and `revision` come from counters and never go back, not even when rows are deleted. */
  stats(owner: string): { count: number; unread: number; nextId: number; revision: number }
}

/** An owner's notes as a read-only INBOX. */
export function noteStore(notes: Notes): MailStore {
  const octetsOf = (note: Note) =>
    composeText({
      from: note.sender,
      to: note.owner,
      subject: note.title,
      date: note.createdAt,
      messageId: `${note.id}@notes.example.org`,
      text: note.text,
    })
  const rowOf = (note: Note): MessageRow => ({
    uid: note.id,
    modseq: note.revision,
    flags: note.read ? Flag.Seen : 0,
    size: octetsOf(note).length,
    internalDate: note.createdAt,
    emailId: '',
    blob: String(note.id),
  })
  const open = async (owner: string): Promise<Account> => ({
    async mailboxes() {
      const { count, unread, nextId, revision } = notes.stats(owner)
      const numbers = { uidValidity: 1, uidNext: nextId, modseq: Math.max(1, revision) }
      return [{ id: 'notes', path: ['INBOX'], ...numbers, messages: count, unseen: unread }]
    },
    messages: (_mailbox, query) =>
      pages(query, ({ from, to, since, limit }) => notes.select(owner, from, to, since, limit).map(rowOf)),
    read(blob, range) {
      const [note] = notes.select(owner, Number(blob), Number(blob), 0, 1)
      if (!note) throw new StoreError('nonexistent', `there is no note ${blob}`)
      return sliceOf(octetsOf(note), range)
    },
  })
  return { open }
}
