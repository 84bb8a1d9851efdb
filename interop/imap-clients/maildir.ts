import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A message in a maildir. */
export interface MaildirMessage {
  readonly file: string
  /** Letters behind `:2,`, sorted. */
  readonly letters: string
  /** With CRLF. */
  readonly octets: Buffer
}

/** Maildir letters by the flags that they stand for. */
const LETTERS: readonly (readonly [flag: string, letter: string])[] = [
  ['\\Answered', 'R'],
  ['\\Deleted', 'T'],
  ['\\Draft', 'D'],
  ['\\Flagged', 'F'],
  ['\\Seen', 'S'],
]

/** The letters of flags, sorted; keywords have none. */
export function lettersOf(flags: readonly string[]): string {
  return LETTERS.filter(([flag]) => flags.includes(flag))
    .map(([, letter]) => letter)
    .sort()
    .join('')
}

export function makeMaildir(folder: string): void {
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, name), { recursive: true })
}

/** What a maildir holds, by file name. Its lines end as the program that wrote it likes: here they all end with CRLF. */
export function readMaildir(folder: string): MaildirMessage[] {
  return ['cur', 'new'].flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => ({
      file: join(folder, name, file),
      letters: [...(file.split(':2,')[1] ?? '')]
        .filter((letter) => letter >= 'A' && letter <= 'Z')
        .sort()
        .join(''),
      octets: withCrlf(readFileSync(join(folder, name, file))),
    })),
  )
}

let made = 0

/** Puts a message into a maildir, as a mail reader does. Each character is an octet. */
export function addToMaildir(folder: string, octets: string, letters = ''): void {
  writeFileSync(
    join(folder, 'cur', `1700000000.${process.pid}_${++made}.test:2,${letters}`),
    octets.replaceAll('\r\n', '\n'),
    'latin1',
  )
}

/** Gives a message other letters. */
export function mark({ file }: MaildirMessage, letters: string): void {
  const [name] = (file.split('/').at(-1) as string).split(':2,')
  renameSync(file, join(file, '..', '..', 'cur', `${name}:2,${[...letters].sort().join('')}`))
}

export function remove({ file }: MaildirMessage): void {
  rmSync(file)
}

function withCrlf(octets: Buffer): Buffer {
  return Buffer.from(octets.toString('latin1').replaceAll('\r\n', '\n').replaceAll('\n', '\r\n'), 'latin1')
}
