import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromLatin1, fromUtf8, latin1, utf8 } from '../../src/bytes.js'
import { ComposeError, composeBytes } from '../../src/compose/index.js'
import {
  type DeliveryStatus,
  type DispositionNotification,
  deliveryStatusReport,
  dispositionReport,
  type FeedbackReport,
  feedbackReport,
  readDeliveryStatus,
  readDispositionNotification,
  readFeedbackReport,
  writeDeliveryStatus,
  writeDispositionNotification,
  writeFeedbackReport,
} from '../../src/report/index.js'
import { octetsOf } from '../body/cutting.js'

function lines(...text: string[]): Uint8Array {
  return fromUtf8(`${text.join('\r\n')}\r\n`)
}

describe('delivery status (RFC 3464)', () => {
  test('appendix E.1: a simple notification', () => {
    const status = readDeliveryStatus(
      lines(
        'Reporting-MTA: dns; cs.utk.edu',
        '',
        'Original-Recipient: rfc822;louisl@larry.slip.umd.edu',
        'Final-Recipient: rfc822;louisl@larry.slip.umd.edu',
        'Action: failed',
        'Status: 4.0.0',
        'Diagnostic-Code: smtp; 426 connection timed out',
        'Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400',
      ),
    )
    expect(status).toEqual({
      reportingMta: { type: 'dns', value: 'cs.utk.edu' },
      recipients: [
        {
          originalRecipient: { type: 'rfc822', value: 'louisl@larry.slip.umd.edu' },
          finalRecipient: { type: 'rfc822', value: 'louisl@larry.slip.umd.edu' },
          action: 'failed',
          status: '4.0.0',
          diagnosticCode: { type: 'smtp', value: '426 connection timed out' },
          lastAttemptDate: new Date('1994-07-07T21:15:49Z'),
        },
      ],
    })
  })

  test.each([
    ['comments', 'Final-Recipient: RFC822; <a@b> (the one)', { type: 'rfc822', value: 'a@b' }],
    ['no type', 'Final-Recipient: a@b', { type: 'rfc822', value: 'a@b' }],
    ['a quoted local part', 'Final-Recipient: rfc822; "a(b)c"@d (e)', { type: 'rfc822', value: '"a(b)c"@d' }],
    ['a quoted quote', 'Final-Recipient: rfc822; "a\\"(b"@d', { type: 'rfc822', value: '"a\\"(b"@d' }],
    ['a semicolon in quotes', 'Final-Recipient: "a;b"@c', { type: 'rfc822', value: '"a;b"@c' }],
    ['a quote in a comment', 'Final-Recipient: rfc822; a@b (")', { type: 'rfc822', value: 'a@b' }],
    ['folded', 'Final-Recipient: rfc822;\r\n a@b', { type: 'rfc822', value: 'a@b' }],
    ['encoded UTF-8', 'Final-Recipient: utf-8; \\x{D7}\\x{1F600}@b', { type: 'utf-8', value: '\u00d7\u{1f600}@b' }],
    ['no code point', 'Final-Recipient: utf-8; \\x{D800}\\x{zz}\\x{', { type: 'utf-8', value: '\\x{D800}\\x{zz}\\x{' }],
    ['raw UTF-8', 'Final-Recipient: utf-8; jürgen@b', { type: 'utf-8', value: 'jürgen@b' }],
  ])('recipient: %s', (_name, field, recipient) => {
    expect(readDeliveryStatus(lines(field)).recipients).toEqual([{ finalRecipient: recipient }])
  })

  test.each([
    ['Status: 5.1.1 (no such user)', '5.1.1'],
    ['Status: 5.1.1 no such user', '5.1.1'],
    ['Status: 5.0', undefined],
    ['Status: 9.1.1', undefined],
    ['Status: 5.1.1111', undefined],
  ])('%s', (field, status) => {
    expect(readDeliveryStatus(lines(field)).recipients[0]!.status).toBe(status)
  })

  test('reports as they are met', () => {
    expect(readDeliveryStatus(lines('Action: FAILED (permanently)')).recipients).toEqual([{ action: 'failed' }])
    expect(readDeliveryStatus(lines('Action: exploded')).recipients).toEqual([{}])
    expect(readDeliveryStatus(new Uint8Array(0))).toEqual({ recipients: [] })
    expect(readDeliveryStatus(lines('', '', 'Reporting-MTA: dns; a', ' ', '', 'Action: failed', '', ''))).toEqual({
      reportingMta: { type: 'dns', value: 'a' },
      recipients: [{ action: 'failed' }],
    })
    // The empty line between the groups is missing.
    expect(readDeliveryStatus(lines('Reporting-MTA: dns; a', 'Action: failed', 'X-Y: 1'))).toEqual({
      reportingMta: { type: 'dns', value: 'a' },
      recipients: [{ action: 'failed', otherFields: [{ name: 'x-y', value: '1' }] }],
    })
    expect(readDeliveryStatus(fromLatin1('Reporting-MTA: dns; a\n\nAction: failed')).recipients).toHaveLength(1)
  })

  test.each([
    ['550 5.1.1 No such user; see example.org', { type: 'smtp', value: '550 5.1.1 No such user; see example.org' }],
    ['550; no such user', { type: 'smtp', value: '550; no such user' }],
    ['; no such user', { type: 'smtp', value: '; no such user' }],
    ['X-Unix (local); 67', { type: 'x-unix', value: '67' }],
    ['smtp;550 a; b', { type: 'smtp', value: '550 a; b' }],
  ])('Diagnostic-Code: %s', (field, diagnosticCode) => {
    expect(readDeliveryStatus(lines(`Diagnostic-Code: ${field}`)).recipients).toEqual([{ diagnosticCode }])
  })

  test.each([
    ['5.1.1', '5.1.1'],
    ['5.1.1 (no such user)', '5.1.1'],
    ['4.999.0', '4.999.0'],
    ['5.1000.1', undefined],
    ['5..1', undefined],
    ['5.1', undefined],
    ['5.1.1.1', undefined],
    ['5.x.1', undefined],
    ['3.1.1', undefined],
    ['', undefined],
  ])('Status: %s', (field, status) => {
    const [recipient] = readDeliveryStatus(lines('Action: failed', `Status: ${field}`)).recipients
    expect(recipient?.status).toBe(status)
  })

  test.each([' ', '\t', ' \t '])('a line of blanks (%j) ends a group, unless more of the field follows', (blanks) => {
    const status = readDeliveryStatus(
      lines('Reporting-MTA: dns; a', blanks, 'Action: failed', blanks, blanks, 'Action: delayed', blanks),
    )
    expect(status).toEqual({
      reportingMta: { type: 'dns', value: 'a' },
      recipients: [{ action: 'failed' }, { action: 'delayed' }],
    })
    expect(readDeliveryStatus(lines('Final-Log-ID: a', blanks, ' b', 'Action: failed')).recipients).toEqual([
      { finalLogId: `a${blanks} b`, action: 'failed' },
    ])
  })

  test('limits: what is beyond them is not read', () => {
    const limits = { maxGroups: 3, maxFields: 2, maxFieldOctets: 20 }
    const many = lines(...Array.from({ length: 10 }, () => 'Action: failed\r\n'))
    expect(readDeliveryStatus(many, limits).recipients).toHaveLength(3)
    const long = lines('Action: failed', 'Status: 5.0.0', 'Final-Log-ID: x')
    expect(readDeliveryStatus(long, limits).recipients).toEqual([{ action: 'failed', status: '5.0.0' }])
    expect(readDeliveryStatus(lines('Final-Log-ID: 01234567890'), limits).recipients).toEqual([
      { finalLogId: '012345' },
    ])
  })

  test('security row 17: field names are no properties', () => {
    expect(readDeliveryStatus(lines('__proto__: 1', 'constructor: 2'))).toEqual({
      otherFields: [
        { name: '__proto__', value: '1' },
        { name: 'constructor', value: '2' },
      ],
      recipients: [],
    })
  })
})

describe('internationalised delivery status (RFC 6533)', () => {
  const status: DeliveryStatus = {
    reportingMta: { type: 'dns', value: 'mx.example' },
    recipients: [
      { finalRecipient: { type: 'utf-8', value: 'jürgen+a=b@例え.example' }, action: 'failed', status: '5.1.1' },
    ],
  }

  test('in ASCII by default', () => {
    expect(latin1(writeDeliveryStatus(status))).toContain(
      'Final-Recipient: utf-8; j\\x{FC}rgen\\x{2B}a\\x{3D}b@\\x{4F8B}\\x{3048}.example\r\n',
    )
  })

  test('as UTF-8 in a global report', () => {
    const written = writeDeliveryStatus(status, { global: true })
    expect(utf8(written)).toContain('Final-Recipient: utf-8; jürgen\\x{2B}a\\x{3D}b@例え.example\r\n')
    expect(readDeliveryStatus(written)).toEqual(status)
    expect(readDeliveryStatus(writeDeliveryStatus(status))).toEqual(status)
  })
})

describe('disposition notifications (RFC 8098)', () => {
  test('§9: the example', () => {
    const notification = readDispositionNotification(
      lines(
        'Reporting-UA: joes-pc.cs.example.com; Foomail 97.1',
        'Original-Recipient: rfc822;Joe_Recipient@example.com',
        'Final-Recipient: rfc822;Joe_Recipient@example.com',
        'Original-Message-ID: <199509192301.23456@example.org>',
        'Disposition: manual-action/MDN-sent-manually; displayed',
      ),
    )
    expect(notification).toEqual({
      reportingUserAgent: 'joes-pc.cs.example.com; Foomail 97.1',
      originalRecipient: { type: 'rfc822', value: 'Joe_Recipient@example.com' },
      finalRecipient: { type: 'rfc822', value: 'Joe_Recipient@example.com' },
      originalMessageId: '<199509192301.23456@example.org>',
      disposition: { actionMode: 'manual', sendingMode: 'manual', type: 'displayed' },
    })
  })

  test.each([
    [
      'automatic-action/MDN-sent-automatically; deleted/error, warning',
      'automatic',
      'automatic',
      'deleted',
      ['error', 'warning'],
    ],
    ['Manual-Action / mdn-sent-manually ;Processed', 'manual', 'manual', 'processed', undefined],
    ['displayed', undefined, undefined, 'displayed', undefined],
    ['x/y; z', undefined, undefined, 'z', undefined],
  ])('Disposition: %s', (value, actionMode, sendingMode, type, modifiers) => {
    const { disposition } = readDispositionNotification(lines(`Disposition: ${value}`))
    expect(disposition?.type).toBe(type)
    expect(disposition?.actionMode).toBe(actionMode)
    expect(disposition?.sendingMode).toBe(sendingMode)
    expect(disposition?.modifiers).toEqual(modifiers)
  })
})

describe('feedback reports (RFC 5965)', () => {
  test('appendix B.2: the full report', () => {
    const report = readFeedbackReport(
      lines(
        'Feedback-Type: abuse',
        'User-Agent: SomeGenerator/1.0',
        'Version: 1',
        'Original-Mail-From: <somespammer@example.net>',
        'Original-Rcpt-To: <user@example.com>',
        'Received-Date: Thu, 8 Mar 2005 14:00:00 EDT',
        'Source-IP: 192.0.2.2',
        'Authentication-Results: mail.example.com',
        '               smtp.mail=somespammer@example.com;',
        '               spf=fail',
        'Reported-Domain: example.net',
        'Reported-Uri: http://example.net/earn_money.html',
        'Reported-Uri: mailto:user@example.com',
        'Removal-Recipient: user@example.com',
      ),
    )
    expect(report).toMatchObject({
      feedbackType: 'abuse',
      userAgent: 'SomeGenerator/1.0',
      version: '1',
      originalMailFrom: 'somespammer@example.net',
      originalRcptTo: ['user@example.com'],
      arrivalDate: new Date('2005-03-08T18:00:00Z'),
      sourceIp: '192.0.2.2',
      reportedDomains: ['example.net'],
      reportedUris: ['http://example.net/earn_money.html', 'mailto:user@example.com'],
      otherFields: [{ name: 'removal-recipient', value: 'user@example.com' }],
    })
    expect(report.authenticationResults![0]).toMatch(/^mail\.example\.com .*spf=fail$/)
  })

  test('the null reverse path, a number that is none, an empty report', () => {
    expect(readFeedbackReport(lines('Original-Mail-From: <>', 'Incidents: many'))).toEqual({
      feedbackType: 'other',
      originalMailFrom: '',
    })
    expect(readFeedbackReport(new Uint8Array(0))).toEqual({ feedbackType: 'other' })
  })
})

describe('written, then read', () => {
  const word = fc
    .string({ unit: fc.constantFrom(...'abcXYZ059.-@ ü日'), minLength: 1, maxLength: 30 })
    .map((text) => text.trim() || 'x')
  const ascii = fc.stringMatching(/^[a-z][a-z0-9.@-]{0,20}$/)
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const typed = fc.record({ type: fc.constantFrom('dns', 'smtp', 'x-other'), value: word })
  const address = fc.oneof(
    fc.record({ type: fc.constant('rfc822'), value: ascii }),
    fc.record({ type: fc.constant('utf-8'), value: word.map((text) => `${text.replaceAll('@', '.')}@x`) }),
  )
  const date = fc
    .date({ min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((value) => {
      value.setUTCMilliseconds(0)
      return value
    })
  const others = fc.array(fc.record({ name: fc.stringMatching(/^x-[a-z]{1,10}$/), value: word }), {
    minLength: 1,
    maxLength: 3,
  })
  const clean = <T extends object>(value: { [K in keyof T]: T[K] | undefined }): T =>
    Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T

  test('delivery status', () => {
    const recipient = fc.record({
      originalRecipient: optional(address),
      finalRecipient: address,
      action: fc.constantFrom('failed' as const, 'delayed' as const, 'expanded' as const),
      status: fc.constantFrom('5.1.1', '2.0.0', '4.999.999'),
      remoteMta: optional(typed),
      diagnosticCode: optional(typed),
      lastAttemptDate: optional(date),
      finalLogId: optional(word),
      willRetryUntil: optional(date),
      otherFields: optional(others),
    })
    const status = fc.record({
      originalEnvelopeId: optional(word),
      reportingMta: typed,
      arrivalDate: optional(date),
      otherFields: optional(others),
      recipients: fc.array(
        recipient.map((value) => clean<DeliveryStatus['recipients'][number]>(value)),
        { maxLength: 4 },
      ),
    })
    fc.assert(
      fc.property(status, fc.boolean(), (value, global) => {
        const expected = clean<DeliveryStatus>(value)
        expect(readDeliveryStatus(writeDeliveryStatus(expected, { global }))).toEqual(expected)
      }),
    )
  })

  test('disposition notification', () => {
    const modes = fc.constantFrom('manual' as const, 'automatic' as const)
    const notification = fc.record({
      reportingUserAgent: optional(word),
      finalRecipient: address,
      originalMessageId: optional(fc.constant('<a@b>')),
      disposition: fc
        .record({
          actionMode: modes,
          sendingMode: modes,
          type: fc.constantFrom('displayed', 'deleted'),
          modifiers: optional(fc.constant(['error', 'x-more'])),
        })
        .map((value) => clean<NonNullable<DispositionNotification['disposition']>>(value)),
      errors: optional(fc.array(word, { minLength: 1, maxLength: 2 })),
      otherFields: optional(others),
    })
    fc.assert(
      fc.property(notification, (value) => {
        const expected = clean<DispositionNotification>(value)
        expect(readDispositionNotification(writeDispositionNotification(expected))).toEqual(expected)
      }),
    )
  })

  test('feedback report', () => {
    const report = fc.record({
      feedbackType: fc.constantFrom('abuse', 'not-spam'),
      userAgent: optional(word),
      version: fc.constant('1'),
      originalMailFrom: optional(fc.oneof(ascii, fc.constant(''))),
      arrivalDate: optional(date),
      incidents: optional(fc.nat(1_000_000)),
      originalRcptTo: optional(fc.array(ascii, { minLength: 1, maxLength: 3 })),
      reportedUris: optional(fc.array(ascii, { minLength: 1, maxLength: 3 })),
      otherFields: optional(others),
    })
    fc.assert(
      fc.property(report, (value) => {
        const expected = clean<FeedbackReport>(value)
        expect(readFeedbackReport(writeFeedbackReport(expected))).toEqual(expected)
      }),
    )
  })

  test('security row 15: nothing that is written can end a line', () => {
    expect(() =>
      writeDeliveryStatus({ reportingMta: { type: 'dns', value: 'a\r\n\r\nAction: failed' }, recipients: [] }),
    ).toThrow(ComposeError)
    expect(() => writeFeedbackReport({ feedbackType: 'abuse', userAgent: 'a\nb' })).toThrow(ComposeError)
    expect(() => writeDispositionNotification({ errors: ['a\0'] })).toThrow(ComposeError)
  })
})

describe('whole reports', () => {
  const original = lines('From: a@b', 'Subject: hi', '', 'text')
  const settings = { now: () => new Date('2026-11-23T10:00:00Z'), createId: () => 'id' }
  const status: DeliveryStatus = {
    reportingMta: { type: 'dns', value: 'mx.example' },
    recipients: [{ finalRecipient: { type: 'rfc822', value: 'c@d' }, action: 'failed', status: '5.1.1' }],
  }

  test('a delivery status notification with the header of the message', async () => {
    const body = deliveryStatusReport(status, { text: 'It failed.', original })
    const message = latin1(
      await composeBytes({ from: 'mailer-daemon@mx.example', to: 'a@b', subject: 'Failed', body }, settings),
    )
    expect(message.slice(message.indexOf('MIME-Version'))).toBe(
      [
        'MIME-Version: 1.0',
        'Content-Type: multipart/report; boundary="=_id"; report-type=delivery-status',
        '',
        '--=_id',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'It failed.',
        '--=_id',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; mx.example',
        '',
        'Final-Recipient: rfc822; c@d',
        'Action: failed',
        'Status: 5.1.1',
        '',
        '--=_id',
        'Content-Type: text/rfc822-headers',
        '',
        'From: a@b',
        'Subject: hi',
        '',
        '--=_id--',
        '',
      ].join('\r\n'),
    )
  })

  test.each([
    ['A: 1\nB: 2\n\r\nbody', 'A: 1\nB: 2\n'],
    ['A: 1\r\nB: 2\r\n\nbody\r\n\r\n', 'A: 1\r\nB: 2\r\n'],
    ['\r\nbody\r\n\r\n', ''],
    ['A: 1', 'A: 1'],
  ])('of the original %j the header alone', (message, header) => {
    const { children } = deliveryStatusReport(status, { text: 'x', original: fromLatin1(message) })
    expect(children[2]).toEqual({ contentType: 'text/rfc822-headers', body: fromLatin1(header) })
  })

  test('a feedback report with the whole message, a global notification', async () => {
    const feedback = feedbackReport({ feedbackType: 'abuse' }, { text: 'Spam.', original, include: 'message' })
    const written = latin1(await composeBytes({ from: 'a@b', body: feedback }, settings))
    expect(written).toContain('report-type=feedback-report')
    expect(written).toContain('Content-Type: message/rfc822\r\n\r\nFrom: a@b\r\nSubject: hi\r\n\r\ntext\r\n')
    const receipt = dispositionReport({ disposition: { type: 'displayed' } }, { text: 'Read.', global: true })
    const global = latin1(await composeBytes({ from: 'a@b', body: receipt }, settings))
    expect(global).toContain('Content-Type: message/global-disposition-notification')
    expect(global).toContain('Disposition: manual-action/MDN-sent-manually; displayed')
  })
})

describe('any octets', () => {
  test('nothing throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), octetsOf('Action: ;/\\x{}()\r\n\r\n<>5.1')), (octets) => {
        readDeliveryStatus(octets)
        readDispositionNotification(octets)
        readFeedbackReport(octets)
      }),
    )
  })
})
