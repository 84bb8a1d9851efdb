/**
 * Rights as IMAP writes them (RFC 4314 §2.1): the letters of a store, and the two of RFC 2086 that stand for several.
 * Here `c` means `k`, and `d` means `x`, `t` and `e`, as in the RFC's own example.
 */
import { allRights } from '@posthouse/store-api'

/** What an obsolete letter stands for (RFC 4314 §2.1.1). */
const OBSOLETE = new Map([
  ['c', 'k'],
  ['d', 'xte'],
])

/** Rights for MYRIGHTS, ACL and LISTRIGHTS: an obsolete letter stands where one of its members does. */
export function writtenRights(rights: string): string {
  let written = rights
  for (const [letter, members] of OBSOLETE) {
    if ([...members].some((member) => rights.includes(member))) written += letter
  }
  return written
}

/** The letters that a client means; the letter that is none as `unknown`. */
export function readRights(text: string): { readonly rights: string } | { readonly unknown: string } {
  let rights = ''
  for (const letter of text) {
    const meant = OBSOLETE.get(letter) ?? letter
    if (![...meant].every((one) => allRights.includes(one))) return { unknown: letter }
    for (const one of meant) if (!rights.includes(one)) rights += one
  }
  return { rights }
}
