/**
 * Finding mailboxes by the names that clients give, and what the principal may do with them (RFC 4314 §4).
 *
 * Who may not look a mailbox up (`l`) hears the same of it as of one that is not there; who may, and lacks a right, hears
 * NOPERM (RFC 4314 §6).
 */
import { type MailboxInfo, mailboxPathKey } from '@posthouse/store-api'
import { latin1 } from '@posthouse/wire'
import type { Cursor } from '../syntax/cursor.js'
import { DELIMITER, parseMailboxName } from '../syntax/mailbox-name.js'
import { no, Refusal } from '../syntax/status.js'
import type { ResponseWriter } from '../syntax/writer.js'
import type { ImapSession } from './session.js'

/** Reads a mailbox's name. @throws SyntaxFault when it is none. */
export function parseMailbox(cursor: Cursor, session: ImapSession): readonly string[] {
  const path = parseMailboxName(cursor.astring('Mailbox name'), session.utf8)
  return path ?? cursor.fail('Mailbox name is not correctly encoded')
}

/** As `parseMailbox`, with the name as it was given: `inbox`, too, is another spelling (RFC 9051 §8). */
export function parseSpelled(
  cursor: Cursor,
  session: ImapSession,
): { readonly path: readonly string[]; readonly asked: readonly string[] } {
  const octets = cursor.astring('Mailbox name')
  const path = parseMailboxName(octets, session.utf8) ?? cursor.fail('Mailbox name is not correctly encoded')
  return { path, asked: path[0] === 'INBOX' ? [latin1(octets, 0, 5), ...path.slice(1)] : path }
}

/** All mailboxes of which the principal may know anything: with `l` it sees them, with `r` alone it can open them. */
export async function mailboxes(session: ImapSession): Promise<readonly MailboxInfo[]> {
  const all = await session.account.mailboxes()
  return all.some(({ rights }) => rights !== undefined) ? all.filter((one) => has(one, 'l') || has(one, 'r')) : all
}

/** Does the principal have the right (RFC 4314 §2.1)? */
export function has(mailbox: MailboxInfo, right: string): boolean {
  return mailbox.rights === undefined || mailbox.rights.includes(right)
}

/** UIDNEXT as it is told: a UID (RFC 9051 §9, nz-number) also where the last one is given. */
export function toldUidNext(uidNext: number): number {
  return Math.min(uidNext, 0xffffffff)
}

/** The mailbox of a path, or `null`. `all`: what `mailboxes` has given. */
export async function find(
  session: ImapSession,
  path: readonly string[],
  all?: readonly MailboxInfo[],
): Promise<MailboxInfo | null> {
  const key = mailboxPathKey(normalForm(path))
  for (const mailbox of all ?? (await mailboxes(session))) if (mailboxPathKey(mailbox.path) === key) return mailbox
  return null
}

/** The path as it is kept (RFC 9051 §5.1). */
export function normalForm(path: readonly string[]): readonly string[] {
  return path.map((segment) => segment.normalize('NFC'))
}

/** Is this another spelling of the mailbox's name (RFC 9051 §5.1)? */
export function isRespelled(asked: readonly string[], path: readonly string[]): boolean {
  return asked.length === path.length && asked.some((segment, i) => segment !== path[i])
}

/** Tells what a mailbox is really called where it was asked for in another spelling. */
export function tellSpelling(
  session: ImapSession,
  asked: readonly string[],
  path: readonly string[],
  attributes: readonly string[] = [],
): void {
  if (isRespelled(asked, path)) tellOldName(session, asked, path, attributes)
}

/** RFC 9051 §6.3.9.7: `* LIST () "/" new ("OLDNAME" (old))`, for a client that knows rev2. */
export function tellOldName(
  session: ImapSession,
  old: readonly string[],
  path: readonly string[],
  attributes: readonly string[] = [],
): void {
  if (session.enabled.has('IMAP4REV2')) writeName(session, path, attributes, old)
}

/** `* LIST (\Subscribed) "/" Name`, and the same for LSUB. */
export function beginList(
  { out }: ImapSession,
  attributes: string,
  path: readonly string[],
  response = 'LIST',
): ResponseWriter {
  return out.text(`* ${response} (${attributes}) "${DELIMITER}" `).mailbox(path)
}

/** Writes the LIST response of one name, with OLDNAME where that is another one. */
export function writeName(
  session: ImapSession,
  path: readonly string[],
  attributes: readonly string[],
  old: readonly string[],
): void {
  const out = beginList(session, attributes.join(' '), path)
  if (old.length !== path.length || isRespelled(old, path)) out.text(' ("OLDNAME" (').mailbox(old).text('))')
  out.crlf()
}

/** The one answer for a mailbox that is missing, and for one that must not be known. */
export function missing(code = 'NONEXISTENT'): Refusal {
  return new Refusal(no('No such mailbox', code))
}

/** The answer for something that is not allowed in a mailbox. */
export function forbidden(mailbox: MailboxInfo, code?: string): Refusal {
  return has(mailbox, 'l') ? new Refusal(no('Not allowed', 'NOPERM')) : missing(code)
}

/**
 * A mailbox in which the principal has all of these rights; also one that holds no messages.
 * @throws Refusal
 */
export async function permitted(
  session: ImapSession,
  path: readonly string[],
  rights: string,
  code = 'NONEXISTENT',
  all?: readonly MailboxInfo[],
): Promise<MailboxInfo> {
  const mailbox = await find(session, path, all)
  if (!mailbox) throw missing(code)
  for (const right of rights) if (!has(mailbox, right)) throw forbidden(mailbox, code)
  return mailbox
}

/**
 * A mailbox that holds messages, for what takes these rights.
 * @throws Refusal NO [NONEXISTENT], or the code given (TRYCREATE)
 */
export async function existing(
  session: ImapSession,
  path: readonly string[],
  rights: string,
  code = 'NONEXISTENT',
  all?: readonly MailboxInfo[],
): Promise<MailboxInfo> {
  const mailbox = await permitted(session, path, rights, code, all)
  if (mailbox.noSelect) throw missing(code)
  return mailbox
}
