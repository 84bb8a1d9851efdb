/** How the mailboxes, messages and threads of others are called in the combined view of `withShared`. */

const mark = 'shared-'

/** The id of something in another account: hexadecimal digits of the owner in front, so that it says whose it is. */
export function foreignId(owner: string, id: string): string {
  let hex = ''
  for (const octet of new TextEncoder().encode(owner)) hex += octet.toString(16).padStart(2, '0')
  return `${mark}${hex}-${id}`
}

/** The owner and the id that `foreignId` was made of; `null` for anything else. */
export function splitForeignId(foreign: string): { readonly owner: string; readonly id: string } | null {
  if (!foreign.startsWith(mark)) return null
  const dash = foreign.indexOf('-', mark.length)
  const digits = dash - mark.length
  if (digits < 2 || digits % 2 !== 0) return null
  const octets = new Uint8Array(digits / 2)
  for (let i = 0; i < octets.length; i++) {
    const at = mark.length + i * 2
    const octet = Number.parseInt(foreign.slice(at, at + 2), 16)
    if (!Number.isInteger(octet)) return null
    octets[i] = octet
  }
  return { owner: new TextDecoder().decode(octets), id: foreign.slice(dash + 1) }
}
