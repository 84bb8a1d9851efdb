import { random } from '../messages.js'

/** A message that is told from others by its number, in the shapes that people send. */
export function numbered(number: number): string {
  const header = [
    'From: Bob Example <bob@example.test>',
    'To: Alice <alice@example.test>, =?utf-8?Q?J=C3=BCrgen?= <juergen@example.test>',
    `Subject: message ${number}`,
    `Message-ID: <${number}.client@example.test>`,
    ...(number % 3 === 0 ? [] : [`In-Reply-To: <${number - 1}.client@example.test>`]),
    'Date: Mon, 23 Nov 2026 10:00:00 +0000',
    `X-Number: ${number}`,
    'MIME-Version: 1.0',
  ].join('\r\n')
  const text = `Hello ${number},\r\n\r\n${'a line of text\r\n'.repeat(1 + (number % 20))}`
  if (number % 4 !== 0) return `${header}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}`
  const next = random(number)
  const attached = Array.from({ length: 30 + (number % 200) }, () =>
    Buffer.from(Array.from({ length: 57 }, () => next() * 256)).toString('base64'),
  )
  return [
    `${header}\r\nContent-Type: multipart/mixed; boundary="=_${number}"\r\n`,
    `--=_${number}\r\nContent-Type: text/plain\r\n`,
    text,
    `--=_${number}\r\nContent-Type: application/octet-stream; name="data.bin"`,
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename="data.bin"\r\n',
    ...attached,
    `--=_${number}--\r\n`,
  ].join('\r\n')
}

/** Messages with the numbers from `from` to before `to`. */
export function numberedFrom(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => numbered(from + i))
}

/** The number of a message that came back; what a client put before the header (or into it) does not matter. */
export function numberOf(octets: Buffer): number {
  const at = octets.indexOf('X-Number: ')
  return Number.parseInt(octets.subarray(at + 10, at + 20).toString('latin1'), 10)
}
