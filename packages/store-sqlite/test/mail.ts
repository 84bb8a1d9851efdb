/** A message that says which one it is, in octets that any tear would show. */
export function mailOf(name: string, octets: number): Uint8Array {
  const line = `${name} `
  return new TextEncoder().encode(
    `Subject: ${name}\r\n\r\n${line.repeat(Math.ceil(octets / line.length)).slice(0, octets)}\r\n`,
  )
}

/** The name that `mailOf` was given. */
export function nameOf(mail: Uint8Array): string {
  const text = new TextDecoder().decode(mail.subarray(0, 100))
  return text.slice('Subject: '.length, text.indexOf('\r\n'))
}

/** Octets of the message with this number: from almost nothing to several chunks, and some that have a tail. */
export function sizeOf(number: number): number {
  if (number % 41 === 20) return 1_300_000
  return number % 17 === 0 ? 150_000 : (number * 7919) % 12_000
}
