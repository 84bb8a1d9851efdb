/** Messages as people send them, in all shapes; the same in every run. */

/** Numbers from 0 up to 1. */
export type Random = () => number

/** mulberry32 */
export function seededRandom(seed: number): Random {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let value = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

const NAMES = [
  'John Doe',
  '"Doe, John"',
  '=?utf-8?Q?J=C3=B6rg?=',
  '',
  'Mary "M" Smith',
  '"Quote \\" d"',
  "O'Neil",
  'A. B. C.',
]
const ADDRESSES = [
  'a@b.test',
  'john.doe@example.org',
  'x+y@sub.example.com',
  'UPPER@Example.COM',
  '"a b"@c.test',
  'user@[192.0.2.1]',
]
const WORDS = ['lorem', 'ipsum', 'dolor', 'sit', '--', '> q', 'x=3D', '.', '-- ']

/** Writes messages. */
export function messageWriter(random: Random): () => string {
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)]!
  const chance = (share: number) => random() < share
  const number = (below: number) => Math.floor(random() * below)
  const many = <Item>(most: number, make: () => Item) => Array.from({ length: 1 + number(most) }, make)

  const mailbox = () => {
    const name = pick(NAMES)
    const address = pick(ADDRESSES)
    return name ? `${name} <${address}>` : pick([address, `<${address}>`, `${address} (comment)`])
  }
  const mailboxes = () => many(4, mailbox).join(pick([', ', ',\r\n ', ',']))
  const words = () => many(30, () => pick(WORDS)).join(pick([' ', '\r\n']))

  const parameters = (type: string) => {
    let text = ''
    if (chance(0.6) && type.startsWith('text')) text += `; charset=${pick(['utf-8', '"us-ascii"', 'ISO-8859-1'])}`
    if (chance(0.3)) text += `;\r\n name=${pick(['a.txt', '"a b.pdf"', '"=?utf-8?Q?=C3=BC?="'])}`
    if (chance(0.2)) text += '; format=flowed'
    // Not both: Dovecot 2.3 then numbers the second.
    const form = random()
    if (form < 0.1) text += '; x*0=a; x*1="b c"'
    else if (form < 0.2) text += "; y*=utf-8''%C3%BC"
    return text
  }

  const contentFields = () => {
    let text = ''
    if (chance(0.3)) text += `Content-ID: <${number(1e6)}@x>\r\n`
    if (chance(0.2)) text += `Content-Description: ${pick(['some text', '=?utf-8?Q?x?=', 'with "quotes"'])}\r\n`
    if (chance(0.3)) {
      text += `Content-Disposition: ${pick(['inline', 'attachment; filename=x.bin', 'attachment;\r\n filename="a b"; size=12'])}\r\n`
    }
    if (chance(0.1)) text += `Content-Language: ${pick(['en', 'de, fr'])}\r\n`
    if (chance(0.1)) text += 'Content-Location: http://x.test/y\r\n'
    if (chance(0.1)) text += 'Content-MD5: Q2hlY2s=\r\n'
    return text
  }

  const multipart = (depth: number) => {
    const boundary = `b${number(1e6)}`
    const subtype = pick(['mixed', 'alternative', 'related', 'digest', 'signed; micalg=x'])
    let text = `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n${contentFields()}\r\n`
    if (chance(0.3)) text += 'preamble\r\n'
    many(3, () => 0).forEach((_, i) => {
      const before = i === 0 && chance(0.5) ? '' : '\r\n'
      const inner =
        subtype === 'digest' && chance(0.7) ? `\r\n${message(depth + 1)}` : part(depth + 1, subtype === 'digest')
      text += `${before}--${boundary}${chance(0.1) ? ' ' : ''}\r\n${inner}`
    })
    return `${text}${chance(0.9) ? `\r\n--${boundary}--\r\n` : ''}${chance(0.2) ? 'epilogue\r\n' : ''}`
  }

  const leaf = (inDigest: boolean) => {
    const type = pick([
      'text/plain',
      'text/html',
      'application/pdf',
      'image/png',
      'text/calendar',
      'message/delivery-status',
    ])
    const encoding = pick(['7bit', 'base64', 'quoted-printable', '8bit', ''])
    const head = chance(0.15) && !inDigest ? '' : `Content-Type: ${type}${parameters(type)}\r\n`
    const body = `${chance(0.1) ? '' : words()}${chance(0.5) ? '\r\n' : ''}`
    return `${head}${encoding ? `Content-Transfer-Encoding: ${encoding}\r\n` : ''}${contentFields()}\r\n${body}`
  }

  const part = (depth: number, inDigest = false): string => {
    const kind = depth < 4 ? random() : 1
    if (kind < 0.3) return multipart(depth)
    if (kind < 0.4) {
      return `Content-Type: message/rfc822${chance(0.2) ? '; name=x' : ''}\r\n${contentFields()}\r\n${message(depth + 1)}`
    }
    return leaf(inDigest)
  }

  const message = (depth: number): string => {
    let text = ''
    const field = (share: number, name: string, value: () => string) => {
      if (chance(share)) text += `${name}: ${value()}\r\n`
    }
    field(0.8, 'From', mailboxes)
    field(0.8, 'To', () => (chance(0.1) ? 'undisclosed-recipients:;' : mailboxes()))
    field(0.3, 'Cc', mailboxes)
    field(0.2, 'Sender', mailbox)
    field(0.2, 'Reply-To', mailboxes)
    field(0.1, 'Bcc', mailboxes)
    field(0.8, 'Subject', () => pick(['Hello', 'Re: x', '=?utf-8?Q?=C3=BC?= y', 'with "quotes" and \\']))
    field(0.8, 'Date', () => 'Tue, 1 Jul 2025 10:00:00 +0200')
    field(0.8, 'Message-ID', () => `<${number(1e9)}@x.test>`)
    field(0.3, 'In-Reply-To', () => '<1@x> <2@y>')
    return `${text}MIME-Version: 1.0\r\n${part(depth)}`
  }
  return () => message(0)
}
