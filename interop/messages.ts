/** Messages that break mail software: each has its number in `X-Number` and comes back identical, or something is wrong. */
export interface TestMessage {
  readonly number: number
  readonly bytes: Buffer
  /** Only ASCII, no long lines, no odd ends: what every client program can carry unharmed. */
  readonly plain: boolean
}

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function header(number: number, more: readonly string[] = []): string {
  return [
    'From: Bob <bob@example.test>',
    'To: Alice <alice@example.test>',
    `Subject: message ${number}`,
    `Message-ID: <${number}.interop@example.test>`,
    'Date: Mon, 23 Nov 2026 10:00:00 +0000',
    `X-Number: ${number}`,
    ...more,
    '',
    '',
  ].join('\r\n')
}

type Kind = (number: number, next: () => number) => { bytes: Buffer; plain?: boolean }

const text = (value: string): Buffer => Buffer.from(value, 'latin1')

/** Every octet value; CR and LF only as CRLF, because anything else may not cross SMTP's DATA. */
function allOctets(): Buffer {
  const octets: number[] = []
  for (let octet = 0; octet < 256; octet++) {
    if (octet === 10 || octet === 13) continue
    octets.push(octet)
    if (octet % 64 === 63) octets.push(13, 10)
  }
  return Buffer.from([...octets, 13, 10])
}

const KINDS: readonly Kind[] = [
  (number) => ({ bytes: text(`${header(number)}Hello.\r\n`), plain: true }),
  (number) => ({
    bytes: Buffer.concat([
      text(
        header(number, [
          'MIME-Version: 1.0',
          'Content-Type: text/plain; charset=x-unknown',
          'Content-Transfer-Encoding: 8bit',
        ]),
      ),
      allOctets(),
    ]),
  }),
  (number) => ({ bytes: text(`${header(number)}${'x'.repeat(998)}\r\n${'y'.repeat(997)}\r\nz\r\n`) }),
  (number) => ({ bytes: text(`${header(number)}.\r\n..\r\n...\r\n.leading\r\n. \r\nmiddle.\r\n\r\n.\r\n`) }),
  (number) => ({ bytes: text(header(number)) }),
  (number) => ({
    bytes: Buffer.from(
      `${header(number, ['Subject: Grüße aus Łódź 日本 🎉', 'X-Name: Ævar Ǿ']).replace(/Subject: message \d+\r\n/, '')}Grüße\r\n`,
    ),
  }),
  (number) => ({ bytes: text(`${header(number)}\r\n\r\n\r\n\r\n`) }),
  (number, next) => {
    const lines = Array.from({ length: 40 }, () =>
      Array.from({ length: Math.floor(next() * 70) }, () => 'a.b c-'[Math.floor(next() * 6)]).join(''),
    )
    return { bytes: text(`${header(number)}${lines.map((line) => line.trimEnd()).join('\r\n')}\r\n`), plain: false }
  },
  (number, next) => {
    const size = Math.floor(next() * 60_000)
    const data = Buffer.alloc(size)
    for (let i = 0; i < size; i++) data[i] = next() * 256
    const encoded =
      data
        .toString('base64')
        .match(/.{1,76}/g)
        ?.join('\r\n') ?? ''
    return { bytes: text(multipart(number, encoded)), plain: true }
  },
  (number) => ({
    bytes: text(
      `${header(number, [`X-Folded: ${Array.from({ length: 50 }, (_, i) => `part${i}`).join('\r\n\t')}`])}Body\r\n`,
    ),
    plain: true,
  }),
]

function multipart(number: number, encoded: string): string {
  return [
    header(number, ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="=-=-="']).slice(0, -2),
    'preamble',
    '--=-=-=',
    'Content-Type: text/plain',
    '',
    `See attachment ${number}.`,
    '--=-=-=',
    'Content-Type: application/octet-stream; name="data.bin"',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="data.bin"',
    '',
    encoded,
    '--=-=-=--',
    'epilogue',
    '',
  ].join('\r\n')
}

/** `count` messages of all kinds in turn; one in the middle carries an attachment of 25 MB. */
export function testMessages(count: number, seed = 1): TestMessage[] {
  const next = random(seed)
  const big = Math.floor(count / 2)
  return Array.from({ length: count }, (_, number) => {
    if (number === big) return { number, bytes: bigMessage(number, 25_000_000, next), plain: false }
    const { bytes, plain = false } = KINDS[number % KINDS.length](number, next)
    return { number, bytes, plain }
  })
}

/** A message with an attachment of `size` octets. */
export function bigMessage(number: number, size: number, next: () => number): Buffer {
  const block = Buffer.alloc(57 * 1024)
  for (let i = 0; i < block.length; i++) block[i] = next() * 256
  const encoded = block.toString('base64').match(/.{76}/g)?.join('\r\n') ?? ''
  const times = Math.ceil(size / block.length)
  return text(multipart(number, Array.from({ length: times }, () => encoded).join('\r\n')))
}

/** The number of a message that came back, and where the octets that were sent begin. */
export function findMessage(received: Buffer): { number: number; start: number } {
  const start = received.indexOf('From: Bob <bob@example.test>\r\n')
  const at = received.indexOf('X-Number: ')
  return { number: Number.parseInt(received.subarray(at + 10, at + 20).toString('latin1'), 10), start }
}
