/** What a delivery puts before each message, in a maildir's file as in our rows. */
export const PREFIX = Buffer.from(
  [
    'Return-Path: <a@example.test>',
    'Delivered-To: b@example.test',
    'Received: from mail.example.test (mail.example.test [192.0.2.1])',
    '\tby mx.example.test with ESMTPS id 1; Thu, 1 Jan 2026 00:00:00 +0000',
    '',
  ].join('\r\n'),
)

/** A message of about so many octets. Every line the same: dot-stuffing finds nothing to do, as in most real mail. */
export function messageOf(octets: number): Buffer {
  const header = 'From: a@example.test\r\nTo: b@example.test\r\nSubject: bench\r\n\r\n'
  return Buffer.from(header + `${'a'.repeat(76)}\r\n`.repeat(Math.ceil((octets - header.length) / 78)))
}
