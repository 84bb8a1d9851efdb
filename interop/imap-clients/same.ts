import { expect } from 'vitest'
import { lettersOf, readMaildir } from './maildir.js'
import { numberOf } from './messages.js'
import type { ClientServer } from './server.js'

type Stored = Awaited<ReturnType<ClientServer['stored']>>

/**
 * Expects that a mailbox and a maildir hold the same messages with the same flags. `ofProgram` takes away what the program
 * between them has put into a message. Gives the numbers of the messages.
 */
export function sameMessages(
  stored: Stored,
  maildir: string,
  ofProgram: (octets: Buffer) => Buffer = (octets) => octets,
): number[] {
  const kept = readMaildir(maildir)
  const far = new Map(stored.map(({ octets, flags }) => [numberOf(octets), { octets, letters: lettersOf(flags) }]))
  const near = new Map(kept.map(({ octets, letters }) => [numberOf(octets), { octets, letters }]))
  expect([near.size, far.size]).toEqual([kept.length, stored.length])
  expect([...near.keys()].sort()).toEqual([...far.keys()].sort())
  for (const [number, { octets, letters }] of near) {
    const other = far.get(number) as { readonly octets: Buffer; readonly letters: string }
    expect({ number, letters }).toEqual({ number, letters: other.letters })
    expect(ofProgram(octets).toString('latin1')).toBe(ofProgram(other.octets).toString('latin1'))
  }
  return [...far.keys()].sort((a, b) => a - b)
}
