/** The data items of FETCH that every server has (RFC 9051 §6.4.5, RFC 3501 §6.4.5). */
import { type MessageRow, uidSetContains } from '@posthouse/store-api'
import { formatDateTime } from '../../syntax/date-time.js'
import { formatFlags, RECENT } from '../../syntax/flags.js'
import { parsePartial, parseSection, type Section } from '../../syntax/section.js'
import type { ResponseWriter } from '../../syntax/writer.js'
import type { FetchItem } from '../extension.js'
import type { ImapSession } from '../session.js'
import type { MailboxView } from '../view/mailbox-view.js'
import { type BodyArgs, sectionNeeds, writeRange, writeSection, writeSectionName } from './body.js'
import type { FetchedMessage } from './message.js'

/** Flags as a session sees them. */
function flagsOf({ uid, flags, keywords }: MessageRow, view: MailboxView | null): string {
  const isRecent = view !== null && view.recent.length > 0 && uidSetContains(view.recent, uid)
  return formatFlags((flags & ~RECENT) | (isRecent ? RECENT : 0), keywords)
}

const flags: FetchItem = {
  name: 'FLAGS',
  light: true,
  write: (out, { row }, _, { selected }) => void out.text('FLAGS (').text(flagsOf(row, selected)).text(')'),
}

const uid: FetchItem = {
  name: 'UID',
  light: true,
  write: (out, { row }) => void out.text('UID ').number(row.uid),
}

const internalDate: FetchItem = {
  name: 'INTERNALDATE',
  write: (out, { row }) => void out.text(`INTERNALDATE ${formatDateTime(row.internalDate)}`),
}

const size: FetchItem = {
  name: 'RFC822.SIZE',
  light: true,
  write: (out, { row }) => void out.text('RFC822.SIZE ').number(row.size),
}

const envelope: FetchItem = {
  name: 'ENVELOPE',
  needs: () => ['summary'],
  write(out, message, _, { utf8 }) {
    const summary = message.summary()
    if (summary instanceof Promise) {
      return summary.then((made) => made.writeEnvelope(out.text('ENVELOPE '), utf8))
    }
    summary.writeEnvelope(out.text('ENVELOPE '), utf8)
  },
}

function writeStructure(
  out: ResponseWriter,
  message: FetchedMessage,
  { utf8 }: ImapSession,
  name: 'BODY' | 'BODYSTRUCTURE',
): void | Promise<void> {
  const extended = name === 'BODYSTRUCTURE'
  const summary = message.summary()
  if (summary instanceof Promise) {
    return summary.then((made) => made.writeBodyStructure(out.text(name).text(' '), extended, utf8))
  }
  summary.writeBodyStructure(out.text(name).text(' '), extended, utf8)
}

const bodyStructure: FetchItem = {
  name: 'BODYSTRUCTURE',
  needs: () => ['summary'],
  write: (out, message, _, session) => writeStructure(out, message, session, 'BODYSTRUCTURE'),
}

const body: FetchItem<BodyArgs | null> = {
  name: 'BODY',
  parse: (cursor) => (cursor.peek() === 91 ? { section: parseSection(cursor), partial: parsePartial(cursor) } : null),
  needs: (args) => (args ? sectionNeeds(args.section) : ['summary']),
  seen: (args) => args !== null,
  write(out, message, args, session) {
    if (!args) return writeStructure(out, message, session, 'BODY')
    writeSectionName(out, args.section, args.partial)
    return writeSection(session, message, args)
  },
}

const bodyPeek: FetchItem<BodyArgs> = {
  name: 'BODY.PEEK',
  parse: (cursor) => ({ section: parseSection(cursor), partial: parsePartial(cursor) }),
  needs: ({ section }) => sectionNeeds(section),
  write(out, message, args, session) {
    writeSectionName(out, args.section, args.partial)
    return writeSection(session, message, args)
  },
}

const HEADER: Section = { path: [], text: 'HEADER', fields: [] }
const TEXT: Section = { path: [], text: 'TEXT', fields: [] }

const rfc822: FetchItem = {
  name: 'RFC822',
  needs: () => ['inline'],
  seen: () => true,
  write(out, message, _, session) {
    out.text('RFC822 ')
    return writeRange(session, message, { start: 0, end: message.row.size }, null)
  },
}

const rfc822Header: FetchItem = {
  name: 'RFC822.HEADER',
  needs: () => ['header'],
  write(out, message, _, session) {
    out.text('RFC822.HEADER ')
    return writeSection(session, message, { section: HEADER, partial: null })
  },
}

const rfc822Text: FetchItem = {
  name: 'RFC822.TEXT',
  needs: () => ['summary', 'inline'],
  seen: () => true,
  write(out, message, _, session) {
    out.text('RFC822.TEXT ')
    return writeSection(session, message, { section: TEXT, partial: null })
  },
}

export const coreFetchItems: readonly FetchItem[] = [
  flags,
  uid,
  internalDate,
  size,
  envelope,
  bodyStructure,
  body as FetchItem,
  bodyPeek as FetchItem,
  rfc822,
  rfc822Header,
  rfc822Text,
]
