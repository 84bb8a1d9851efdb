/**
 * ENVELOPE and BODYSTRUCTURE beside Dovecot's, of generated messages. Known differences, none of which the generator
 * makes, with what we do: an address without domain has "" and not "MISSING_DOMAIN"; types, encodings and parameter
 * names are in lower case; of several From or Subject fields the first counts; a boundary line must match as a whole; a
 * multipart without boundary is one text; blanks of unfolded text stay as they are; what follows no syntax at all.
 */

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openSummary, summarize } from '../../src/summary/index.js'
import { latin1Bytes, latin1Text } from '../support/messages.js'
import { messageWriter, seededRandom } from './generate.js'

const IMAP = '/usr/lib/dovecot/imap'
const MESSAGES = 400
const NOBODY = 65_534

/** What Dovecot answers to FETCH (ENVELOPE BODYSTRUCTURE), message by message. */
function askDovecot(messages: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'posthouse-dovecot-'))
  try {
    const box = join(folder, 'Maildir')
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(box, name), { recursive: true })
    messages.forEach((text, i) => {
      const file = join(box, 'cur', `${1_000_000 + i}.M${i}.x:2,`)
      writeFileSync(file, latin1Bytes(text))
    })
    const config = join(folder, 'dovecot.conf')
    const settings = [
      `base_dir = ${folder}/run`,
      `log_path = ${folder}/log`,
      `mail_location = maildir:${box}`,
      'protocols = imap',
      'ssl = no',
    ]
    writeFileSync(config, `${settings.join('\n')}\n`)
    writeFileSync(join(folder, 'log'), '')
    for (const path of [folder, box, ...['cur', 'new', 'tmp'].map((name) => join(box, name))]) chmodSync(path, 0o777)
    chmodSync(join(folder, 'log'), 0o666)
    // Dovecot does not serve mail to root.
    const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
    const output = execFileSync(IMAP, ['-c', config], {
      input: '1 SELECT INBOX\r\n2 FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\n3 LOGOUT\r\n',
      env: { HOME: folder, USER: 'nobody' },
      stdio: ['pipe', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
      ...user,
    })
    return splitAnswers(withoutLiterals(latin1Text(output)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Dovecot sends strings with quotes in them as literals; both forms mean the same. */
function withoutLiterals(text: string): string {
  let result = ''
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('{', at)
    const size = open === -1 ? null : /^\{(\d+)\}\r\n/.exec(text.slice(open, open + 20))
    if (open === -1) return result + text.slice(at)
    const end = size ? open + size[0].length : open + 1
    result += text.slice(at, size ? open : end)
    if (size) result += `"${text.slice(end, end + Number(size[1])).replace(/[\\"]/g, '\\$&')}"`
    at = size ? end + Number(size[1]) : end
  }
  return result
}

function splitAnswers(text: string): string[] {
  return text
    .split('\r\n')
    .filter((line) => line.includes(' FETCH (ENVELOPE '))
    .map((line) => line.slice(line.indexOf('ENVELOPE'), -1))
}

// Needs Debian's dovecot-imapd.
it.skipIf(!existsSync(IMAP))('ENVELOPE and BODYSTRUCTURE are those of Dovecot', () => {
  const write = messageWriter(seededRandom(20_250_701))
  const messages = Array.from({ length: MESSAGES }, write)
  const theirs = askDovecot(messages)
  expect(theirs).toHaveLength(MESSAGES)
  messages.forEach((text, i) => {
    const summary = openSummary(summarize(latin1Bytes(text)).summary)!
    const ours = `ENVELOPE ${latin1Text(summary.envelope())} BODYSTRUCTURE ${latin1Text(summary.bodyStructure(true))}`
    expect(ours, JSON.stringify(text)).toBe(theirs[i])
  })
})
