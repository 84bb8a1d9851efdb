import { describe, expect, it } from 'vitest'
import { parseDate } from '../../src/header/date.js'

const iso = (value: string) => {
  const date = parseDate(value)
  return date && new Date(date.time).toISOString()
}

describe('RFC 5322 dates', () => {
  const cases: [string, string, number | null][] = [
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z', -360],
    ['Tue, 1 Jul 2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z', 120],
    ['Thu, 13 Feb 1969 23:32:54 -0330', '1969-02-14T03:02:54.000Z', -210],
    [
      'Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)',
      '1969-02-14T03:02:00.000Z',
      -210,
    ],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z', 0],
    ['1 Jan 2025 00:00:00 -0000', '2025-01-01T00:00:00.000Z', null],
    ['29 Feb 2024 12:00 EST', '2024-02-29T17:00:00.000Z', -300],
    ['1 Jan 49 00:00 Z', '2049-01-01T00:00:00.000Z', 0],
    ['1 Jan 50 00:00 Z', '1950-01-01T00:00:00.000Z', 0],
    ['1 Jan 103 00:00 Z', '2003-01-01T00:00:00.000Z', 0],
    ['1 Jan 2025 00:00:00 A', '2025-01-01T00:00:00.000Z', null],
    ['1 Jan 2025 00:00:00 XYZ', '2025-01-01T00:00:00.000Z', null],
  ]
  it.each(cases)('%s', (value, expected, zone) => {
    expect(iso(value)).toBe(expected)
    expect(parseDate(value)?.zone).toBe(zone)
  })
})

describe('common mistakes', () => {
  it.each([
    ['Tue Jul  1 10:52:37 2003', '2003-07-01T10:52:37.000Z'],
    ['Tue Jul  1 10:52:37 EDT 2003', '2003-07-01T14:52:37.000Z'],
    ['Tue, 01-Jul-2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['1 July 2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['Tuesday, 1 Jul 2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['2003-07-01T10:52:37Z', '2003-07-01T10:52:37.000Z'],
    ['2003-07-01 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['2003-07-01T10:52:37.123+02:00', '2003-07-01T08:52:37.000Z'],
    ['Tue, 1 Jul 2003 10:52:37 GMT+0200', '2003-07-01T08:52:37.000Z'],
    ['Tue, 1 Jul 2003 10:52:37 +0200 (CEST)', '2003-07-01T08:52:37.000Z'],
    ['Tue, 1 Jul 2003 10:52 PM +0000', '2003-07-01T22:52:00.000Z'],
    ['Tue, 1 Jul 2003 10.52.37 +0200', '2003-07-01T08:52:37.000Z'],
    ['Tue, 1 Jul 2003', '2003-07-01T00:00:00.000Z'],
    ['Tue,1 Jul 2003 10:52:37+0200', '2003-07-01T08:52:37.000Z'],
    ['tue, 1 JUL 2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['1 Jul 2003 23:59:60 +0000', '2003-07-02T00:00:00.000Z'],
  ])('%s', (value, expected) => {
    expect(iso(value)).toBe(expected)
  })

  it.each([
    '',
    'now',
    'Tue',
    '32 Jan 2025 00:00:00 Z',
    '29 Feb 2025 00:00 Z',
    '1 Foo 2025 00:00 Z',
    '1 Jan 2025 24:00:00 Z',
    '1 Jan 2025 25:00:00 Z',
    '1 Jan 2025 10:61 Z',
    '12345',
    '1'.repeat(1000),
  ])('%s is no date, and not the present time', (value) => {
    expect(parseDate(value)).toBeNull()
  })
})
