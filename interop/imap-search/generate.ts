import { random } from '../messages.js'

/** One message with what APPEND says of it. */
export interface GeneratedMessage {
  readonly octets: string
  readonly flags: string
  /** As APPEND takes it: `"17-Jul-1996 02:44:25 -0700"`. */
  readonly internalDate: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TOPICS = [
  'ßharp',
  'Sszz',
  '😀 fun',
  '\uff21 full',
  'Lunch',
  'Budget 2026',
  'IMAP break',
  '[list] Release',
  'release',
  'Übergröße',
  'Élan vital',
  'zebra',
  '',
]
const PEOPLE = [
  'Ann Example <ann@example.org>',
  'bob@example.net',
  '"Carol, C." <carol@example.com>',
  '=?UTF-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg@example.de>',
  '=?iso-8859-1?Q?Ren=E9e?= <renee@example.fr>',
  'Zoe <ZOE@Example.org>',
  'Friends: dave@example.org, eve@example.org;',
  'undisclosed-recipients:;',
]
const WORDS = [
  'alpha',
  'Beta',
  'gamma',
  'DELTA',
  'naïve',
  'façade',
  'Straße',
  'Привет',
  '日本語',
  'résumé',
  'omega',
  'ﬁne',
  'ǆep',
  'თბილისი',
  'Ångström',
]

const pad = (value: number): string => String(value).padStart(2, '0')
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const base64 = (octets: Buffer): string => octets.toString('base64').replace(/(.{76})/g, '$1\r\n')

function quotedPrintable(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((octet) =>
      octet < 127 && octet > 31 && octet !== 61
        ? String.fromCharCode(octet)
        : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

/** A mailbox of messages that answer each other, in many charsets and structures; the same for the same seed. */
export function generateMailbox(count: number, seed: number): GeneratedMessage[] {
  const next = random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]
  const chance = (p: number): boolean => next() < p
  const ids: string[] = []
  const refs = new Map<string, string[]>()
  let boundaries = 0

  function subject(): string {
    const topic = pick(TOPICS)
    const mark = pick(['', '', 'Re: ', 'RE: ', 'Fwd: ', 'Re: Re: ', 'Re: [list] ', 'fw: '])
    const text = `${mark}${topic}${chance(0.05) ? ' (fwd)' : ''}`
    if (!/[^\x20-\x7e]/.test(text)) return chance(0.1) && text.length > 8 ? text.replace(' ', '\r\n ') : text
    return chance(0.5)
      ? `${mark}=?UTF-8?B?${Buffer.from(topic).toString('base64')}?=`
      : `${mark}=?utf-8?Q?${quotedPrintable(topic).replaceAll(' ', '_')}?=`
  }

  function day(): { date: string; internal: string } {
    const year = 2019 + Math.floor(next() * 3)
    const month = Math.floor(next() * 12)
    const date = 1 + Math.floor(next() * 28)
    const clock = `${pad(Math.floor(next() * 24))}:${pad(Math.floor(next() * 60))}:${pad(Math.floor(next() * 60))}`
    const zone = pick(['+0000', '-0800', '+0930', '+0200', '-0330'])
    const week = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][new Date(Date.UTC(year, month, date)).getUTCDay()]
    return {
      date: `${week}, ${date} ${MONTHS[month]} ${year} ${clock} ${zone}`,
      internal: `"${String(date).padStart(2, ' ')}-${MONTHS[month]}-${year} ${clock} +0000"`,
    }
  }

  const sentence = (): string => Array.from({ length: 3 + Math.floor(next() * 12) }, () => pick(WORDS)).join(' ')

  /** Fields and body of a text part. */
  function textPart(): { fields: string[]; body: string } {
    const text = Array.from({ length: 1 + Math.floor(next() * 4) }, sentence).join('\r\n')
    const ascii = text.replace(/[^\x00-\x7f]/g, 'x')
    const subtype = chance(0.2) ? 'html' : 'plain'
    switch (pick(['ascii', 'utf8-8bit', 'utf8-qp', 'utf8-base64', 'latin1-qp', 'none', 'koi8'])) {
      case 'utf8-8bit':
        return {
          fields: [`Content-Type: text/${subtype}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit'],
          body: latin1(text),
        }
      case 'utf8-qp':
        return {
          fields: [`Content-Type: text/${subtype}; charset="UTF-8"`, 'Content-Transfer-Encoding: quoted-printable'],
          body: text
            .split('\r\n')
            .map((line) => quotedPrintable(line).replace(/(.{60}[^=]{1,3})/g, '$1=\r\n'))
            .join('\r\n'),
        }
      case 'utf8-base64':
        return {
          fields: [`Content-Type: text/${subtype}; charset=utf-8`, 'Content-Transfer-Encoding: base64'],
          body: base64(Buffer.from(text)),
        }
      case 'latin1-qp':
        return {
          fields: ['Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: quoted-printable'],
          body: 'caf=E9 na=EFve fa=E7ade',
        }
      case 'koi8':
        return {
          fields: ['Content-Type: text/plain; charset=koi8-r', 'Content-Transfer-Encoding: base64'],
          // "Привет мир"
          body: base64(Buffer.from([0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4, 0x20, 0xcd, 0xc9, 0xd2])),
        }
      case 'none':
        return { fields: [], body: ascii }
      default:
        return { fields: [`Content-Type: text/${subtype}; charset=us-ascii`], body: ascii }
    }
  }

  function part(depth: number): { fields: string[]; body: string } {
    const kind = depth > 2 ? 0 : next()
    if (kind < 0.7) return textPart()
    if (kind < 0.8) {
      return {
        fields: ['Content-Type: application/octet-stream; name="gamma.bin"', 'Content-Transfer-Encoding: base64'],
        body: base64(Buffer.from('alpha in a file that is no text')),
      }
    }
    if (kind < 0.87) {
      const inner = part(depth + 1)
      return {
        fields: ['Content-Type: message/rfc822'],
        body: ['Subject: inner omega', 'From: inner@example.org', ...inner.fields, '', inner.body].join('\r\n'),
      }
    }
    const boundary = `boundary-${++boundaries}`
    const parts = Array.from({ length: 1 + Math.floor(next() * 3) }, () => {
      const { fields, body } = part(depth + 1)
      return `--${boundary}\r\n${[...fields, '', body].join('\r\n')}\r\n`
    })
    return {
      fields: [`Content-Type: multipart/mixed; boundary="${boundary}"`],
      body: `${parts.join('')}--${boundary}--\r\n`,
    }
  }

  /** Message-ID, References and In-Reply-To: answers, answers to what is not there, the same identifier twice. */
  function identity(number: number): string[] {
    const fields: string[] = []
    const own = chance(0.03) && ids.length > 0 ? pick(ids) : `<${number}.search@example.org>`
    if (!chance(0.05)) fields.push(`Message-ID: ${own}`)
    if (ids.length > 0 && chance(0.5)) {
      const parent = chance(0.15) ? `<missing-${Math.floor(next() * 10)}@example.org>` : pick(ids.slice(-30))
      const chain = [...(refs.get(parent) ?? []), parent].slice(-6)
      const kind = next()
      if (kind < 0.6) fields.push(`References: ${chain.join(chance(0.2) ? '\r\n ' : ' ')}`)
      if (kind > 0.4) fields.push(`In-Reply-To: ${parent}`)
      refs.set(own, chain)
    }
    ids.push(own)
    return fields
  }

  return Array.from({ length: count }, (_, i): GeneratedMessage => {
    const { date, internal } = day()
    const fields: string[] = []
    const people = (): string => Array.from({ length: 1 + Math.floor(next() * 2) }, () => pick(PEOPLE)).join(', ')
    if (!chance(0.03)) fields.push(`From: ${pick(PEOPLE)}`)
    if (!chance(0.1)) fields.push(`To: ${people()}`)
    if (chance(0.3)) fields.push(`Cc: ${people()}`)
    if (chance(0.1)) fields.push(`Bcc: ${pick(PEOPLE)}`)
    if (!chance(0.04)) fields.push(`Subject: ${subject()}`)
    if (!chance(0.04)) fields.push(`Date: ${chance(0.04) ? 'not a date' : date}`)
    fields.push(...identity(i + 1))
    if (chance(0.3)) fields.push(`X-Number: ${i + 1}`)
    if (chance(0.2)) fields.push('List-Id: The list <list.example.org>')
    const { fields: structure, body } = part(0)
    if (structure.length > 0) fields.push('MIME-Version: 1.0', ...structure)
    const flags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '$Junk', 'Work'].filter(() =>
      chance(0.25),
    )
    return {
      octets: `${fields.join('\r\n')}\r\n\r\n${body}\r\n`,
      flags: `(${flags.join(' ')})`,
      internalDate: internal,
    }
  })
}
