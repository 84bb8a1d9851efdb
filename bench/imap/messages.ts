/** Messages of a mailbox as people have it: answers to each other, about 1.8 KB, every fifth with 24 KB attached. */
const WORDS = ['budget', 'release', 'lunch', 'meeting', 'IMAP', 'invoice', 'holiday', 'status', 'plan', 'question']
const PEOPLE = ['ann', 'bob', 'carol', 'dave', 'eve', 'frank', 'grace', 'heidi']

const LINE = 'The quick brown fox jumps over the lazy dog while the mail server answers it.\r\n'
const ATTACHMENT =
  `${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0'.slice(0, 76)}\r\n`.repeat(310)

/** Message `i`, the same each time. */
export function messageOf(i: number): Buffer {
  const thread = Math.floor(i / 4)
  const subject = `${i % 4 > 0 ? 'Re: ' : ''}${WORDS[thread % 10]} ${WORDS[(thread * 7) % 10]} ${thread}`
  const from = PEOPLE[(i * 5) % 8]
  const header = [
    `Received: from mx.example.org by mail.example.org; ${new Date(Date.UTC(2026, 0, 1) + i * 60_000).toUTCString()}`,
    `From: ${from} Example <${from}@example.org>`,
    `To: ${PEOPLE[(i * 3) % 8]}@example.net, list@example.org`,
    `Subject: ${subject}`,
    `Date: ${new Date(Date.UTC(2026, 0, 1) + ((i * 7919) % 100_000) * 60_000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${i}.bench@example.org>`,
    ...(i % 4 > 0 ? [`In-Reply-To: <${i - 1}.bench@example.org>`, `References: ${references(i)}`] : []),
    'MIME-Version: 1.0',
  ]
  const text = `${LINE.repeat(16)}Number ${i}\r\n`
  if (i % 5 !== 0)
    return Buffer.from(`${header.join('\r\n')}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}`)
  return Buffer.from(
    `${header.join('\r\n')}\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n${text}` +
      `--b\r\nContent-Type: image/png; name="a.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n${ATTACHMENT}--b--\r\n`,
  )
}

function references(i: number): string {
  const first = i - (i % 4)
  return Array.from({ length: i % 4 }, (_, n) => `<${first + n}.bench@example.org>`).join(' ')
}

/** For mailboxes in which only the number of messages counts. */
export const SMALL = Buffer.from('From: a@example.org\r\nSubject: small\r\n\r\nx\r\n')

/** One of 10 MB, as an attachment makes it. */
export const LARGE = Buffer.concat([
  Buffer.from('From: a@example.org\r\nSubject: large\r\nMIME-Version: 1.0\r\nContent-Type: application/zip\r\n'),
  Buffer.from('Content-Transfer-Encoding: base64\r\n\r\n'),
  Buffer.from(ATTACHMENT.repeat(Math.ceil(10_000_000 / ATTACHMENT.length))),
])

/** Message `i` of a mailbox of one kind. */
export function mailOf(kind: string, i: number): Buffer {
  if (kind === 'small') return SMALL
  return kind === 'large' ? LARGE : messageOf(i)
}
