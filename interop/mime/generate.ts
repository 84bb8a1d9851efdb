import { random } from '../messages.js'

/** Messages as they come in the wild, from a seed: header fields of many shapes, and structures of many depths. */
export function generateMessage(seed: number): string {
  const next = random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]
  const chance = (p: number): boolean => next() < p
  let boundaries = 0

  const DATES = [
    'Mon, 23 Nov 2026 10:00:00 +0000',
    'Tue, 1 Jan 2019 00:00:00 -0800 (PST)',
    '23 Nov 26 10:00 GMT',
    'not a date',
    '',
    'Wed, 02 Oct 2002 13:00:00\r\n +0200',
  ]
  const ADDRESSES = [
    'ann@example.org',
    'Ann Example <ann@example.org>',
    '"Ann, E." <ann@example.org>',
    'Ann (work) <ann@example.org>',
    'ann@example.org (Ann Example)',
    '=?UTF-8?Q?J=C3=B6rg?= <joerg@example.org>',
    '"quoted local"@example.org',
    '<ann@example.org>',
    'Friends: ann@example.org, Bob <bob@example.org>;',
    'undisclosed-recipients:;',
    'ann@example.org, bob@example.org ,\r\n\tcarol@example.net',
    '"escaped \\"quote\\"" <q@example.org>',
    '<@relay.example:ann@example.org>',
    'A.B. Middle <abm@example.org>',
    'ann@[192.0.2.1]',
    '',
    'local-only',
    'Ann\r\n Example\r\n <ann@example.org>',
    'UPPER@Example.COM',
    "O'Neil <x+y@sub.example.com>",
    'Mary "M" Smith <mary@example.org>',
  ]
  /** One entry as it is, or several with one of the dividers in use. Of nothing between commas Dovecot makes an address. */
  const addresses = (): string =>
    chance(0.5)
      ? pick(ADDRESSES)
      : Array.from({ length: 2 + Math.floor(next() * 3) }, () => pick(ADDRESSES) || 'bob@example.org').join(
          pick([', ', ',\r\n ', ',']),
        )
  const SUBJECTS = [
    'Hello',
    '=?utf-8?B?R3LDvMOfZQ==?=',
    'Re: [list] "quoted" back\\slash',
    'folded\r\n subject  with   spaces',
    '',
    ' leading space',
    'tab\there',
    'trailing   ',
  ]
  const IDS = ['<1.2.3@example.org>', '<a"b@example.org>', 'no-brackets@example.org', '<one@x> <two@y>', '']
  const TYPES = [
    'text/plain',
    'text/plain; charset=utf-8',
    'Text/HTML; Charset="ISO-8859-1"',
    'text/plain; charset=us-ascii; format=flowed; delsp=yes',
    'application/octet-stream; name="file name.bin"',
    'application/pdf; name=plain.pdf',
    "image/png; name*=utf-8''%e2%82%ac.png",
    'application/x; name*0="long"; name*1="er.bin"',
    'text/plain; charset="utf-8" (comment)',
    'audio/basic',
    'text/calendar; method=REQUEST; charset=UTF-8',
    'image/jpeg;\r\n\tname="folded.jpg"',
  ]
  // Not two of RFC 2231 in one field, and none before another: Dovecot 2.3 numbers the one and reorders the other.
  const PARAMETERS = [
    '; x-one=1',
    ';\r\n x-two="a b"',
    '; x-three="=?utf-8?Q?=C3=BC?="',
    '; x*0=a; x*1="b c"',
    "; y*=utf-8''%C3%BC",
  ]
  const mediaType = (): string => {
    const type = pick(TYPES)
    return chance(0.3) && !type.includes('*') ? type + pick(PARAMETERS) : type
  }
  const ENCODINGS = ['7bit', '8bit', 'base64', 'Quoted-Printable', 'BINARY', 'x-unknown']
  const BODIES = [
    '',
    'one line',
    'one line\r\n',
    'two\r\nlines\r\n',
    '\r\n',
    'a\r\n\r\n\r\nb',
    '--\r\nsignature\r\n',
    '-- not a boundary\r\n',
  ]

  function partFields(type: string | null): string[] {
    const fields: string[] = []
    if (type !== null) fields.push(`Content-Type: ${type}`)
    if (chance(0.5)) fields.push(`Content-Transfer-Encoding: ${pick(ENCODINGS)}`)
    if (chance(0.3)) fields.push(`Content-ID: ${pick(['<part1@example.org>', '<x.y>'])}`)
    if (chance(0.2)) fields.push(`Content-Description: ${pick(['a description', 'with "quotes"', '=?utf-8?Q?d?='])}`)
    if (chance(0.4)) {
      fields.push(
        `Content-Disposition: ${pick(['inline', 'attachment', 'attachment; filename="a b.txt"', 'ATTACHMENT; filename=x.y; size=12', "inline; filename*=utf-8''%41.txt"])}`,
      )
    }
    if (chance(0.15)) fields.push(`Content-Language: ${pick(['en', 'en, de', 'de-AT'])}`)
    if (chance(0.1)) fields.push('Content-Location: http://example.org/x')
    if (chance(0.1)) fields.push('Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==')
    return fields
  }

  function entity(depth: number, messageFields: readonly string[]): string {
    const kind = depth > 3 ? 'leaf' : pick(['leaf', 'leaf', 'leaf', 'multipart', 'multipart', 'message'] as const)
    if (kind === 'multipart') {
      const boundary = pick([
        `b${boundaries++}`,
        `=_${boundaries++}'()+_,-./:=?`,
        `long-${boundaries++}-${'x'.repeat(40)}`,
      ])
      const subtype = pick(['mixed', 'alternative', 'related', 'digest', 'x-odd', 'signed'])
      // The parts of a digest are messages (RFC 2046 §5.1.5). One whose text has no header block is read in as many
      // ways as there are servers, so there is none here.
      const part = (): string =>
        subtype === 'digest' ? `\r\n${entity(depth + 1, messageHeader())}` : entity(depth + 1, [])
      const parts = Array.from({ length: 1 + Math.floor(next() * 3) }, part)
      const fields = [...messageFields, `Content-Type: multipart/${subtype}; boundary="${boundary}"`]
      const preamble = chance(0.3) ? 'preamble\r\n' : ''
      const close = chance(0.9) ? `\r\n--${boundary}--${chance(0.2) ? '  ' : ''}\r\n` : '\r\n'
      const epilogue = chance(0.2) ? 'epilogue\r\n' : ''
      return `${fields.join('\r\n')}\r\n\r\n${preamble}${parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n')}${close}${epilogue}`
    }
    if (kind === 'message') {
      const fields = [...messageFields, 'Content-Type: message/rfc822']
      return `${fields.join('\r\n')}\r\n\r\n${entity(depth + 1, messageHeader())}`
    }
    const fields = [...messageFields, ...partFields(chance(0.85) ? mediaType() : null)]
    return `${fields.map((field) => `${field}\r\n`).join('')}\r\n${pick(BODIES)}`
  }

  function messageHeader(): string[] {
    const fields: string[] = []
    const maybe = (p: number, name: string, values: readonly string[]): void => {
      if (chance(p)) fields.push(`${name}: ${pick(values)}`)
    }
    const maybeAddresses = (p: number, name: string): void => {
      if (chance(p)) fields.push(`${name}: ${addresses()}`)
    }
    maybe(0.9, 'Date', DATES)
    maybe(0.9, 'Subject', SUBJECTS)
    maybeAddresses(0.95, 'From')
    maybeAddresses(0.2, 'Sender')
    maybeAddresses(0.2, 'Reply-To')
    maybeAddresses(0.9, 'To')
    maybeAddresses(0.1, 'To')
    maybeAddresses(0.4, 'Cc')
    maybeAddresses(0.1, 'Bcc')
    maybe(0.3, 'In-Reply-To', IDS)
    maybe(0.8, 'Message-ID', IDS)
    maybe(0.3, 'X-Other', ['anything'])
    // Without it Dovecot overlooks Content fields other than Content-Type; mail readers, and we, do not.
    fields.push('MIME-Version: 1.0')
    return fields
  }

  return entity(0, messageHeader())
}
