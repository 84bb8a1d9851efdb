/** A message of about so many octets. Every line the same: dot-stuffing finds nothing to do, as in most real mail. */
export function messageOf(octets: number): Buffer {
  const header = 'From: a@example.test\r\nTo: b@example.test\r\nSubject: bench\r\n\r\n'
  return Buffer.from(header + `${'a'.repeat(76)}\r\n`.repeat(Math.ceil((octets - header.length) / 78)))
}
