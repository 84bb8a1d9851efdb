import { describe, expect, it } from 'vitest'
import { editHeader } from '../../src/edit/index.js'
import { parseMessage } from '../../src/message/index.js'
import { DEFAULT_LIMITS, type MimeLimits } from '../../src/structure/limits.js'
import { MessageScanner } from '../../src/structure/scanner.js'
import { latin1Bytes, latin1Text, plainIndex } from '../support/messages.js'

/** The index of the text, which is the same whole and in pieces of each size. */
function scan(text: string, limits: Partial<MimeLimits> = {}, sizes: readonly number[] = [1, 7, 4096, 4097]) {
  const bytes = latin1Bytes(text)
  const read = (size: number) => {
    const scanner = new MessageScanner({ limits })
    for (let at = 0; at < bytes.length; at += size) scanner.write(bytes.subarray(at, at + size))
    return scanner.end()
  }
  const whole = read(bytes.length)
  for (const size of sizes) {
    const pieces = read(size)
    expect([plainIndex(pieces.root), pieces.defects]).toEqual([plainIndex(whole.root), whole.defects])
  }
  return { ...whole, codes: whole.defects.map(({ code }) => code) }
}

describe('lines of 4096 octets are the longest that mean something', () => {
  const type = 'Content-Type: multipart/mixed; boundary=a\r\n'

  it.each([
    [4096, 1],
    [4097, 0],
  ])('a boundary line of %d octets behind an empty line', (length, parts) => {
    const { root } = scan(`${type}\r\n${'--a'.padEnd(length)}\nX: 1\n\nx\n--a--\n`)
    expect(root.children).toHaveLength(parts)
  })

  it.each([
    [4096, ['missing-empty-line']],
    [4097, []],
  ])('one of %d octets in the header that names it', (length, codes) => {
    const { root, codes: found } = scan(`${type}${'--a'.padEnd(length)}\nX: 1\n\nx\n--a--\n`)
    expect(found.filter((code) => code === 'missing-empty-line')).toEqual(codes)
    expect(root.bodyStart).toBe(codes.length > 0 ? type.length : type.length + length + 1 + 6)
  })

  it.each([
    [4096, true],
    [4097, false],
  ])('%d CRs and an LF as an empty line', (length, isEmpty) => {
    const header = `A: 1\r\n${'\r'.repeat(length)}\n`
    expect(scan(`${header}B: 2\r\n\r\nx`).root.bodyStart).toBe(isEmpty ? header.length : header.length + 8)
  })
})

describe('boundaries of 2048 octets are the longest', () => {
  it.each([2048, 2049])('%d', (length) => {
    const boundary = 'b'.repeat(length)
    const opens = length === 2048
    const type = `Content-Type: multipart/mixed; boundary=${boundary}\r\n`
    const { root, codes } = scan(`${type}\r\n--${boundary}\r\n\r\nx\r\n--${boundary}--\r\n`)
    expect([root.children.length, codes]).toEqual(opens ? [1, []] : [0, ['missing-boundary']])
    const header = `${type}--${boundary}\r\nX: 1\r\n\r\n`
    const own = scan(header)
    expect(own.root.bodyStart).toBe(opens ? type.length : header.length)
    expect(latin1Text(editHeader(latin1Bytes(header), [{ remove: 'X' }]))).toBe(
      opens ? header : header.replace('X: 1\r\n', ''),
    )
  })
})

describe('the octets of a header block that are read', () => {
  it('a field that the limit cuts is read up to it', () => {
    const header = 'Content-Type: text/html\r\n'
    for (const [headerSize, subtype] of [
      [header.length, 'html'],
      [header.length - 4, 'ht'],
    ] as const) {
      const { root, codes } = scan(`${header}\r\nx`, { headerSize })
      expect([root.subtype, codes]).toEqual([subtype, ['header-too-large']])
    }
  })

  it('a boundary that is named behind the limit ends no header, for the editor too', () => {
    const filler = `A: ${'y'.repeat(DEFAULT_LIMITS.headerSize)}\r\n`
    const header = `${filler}Content-Type: multipart/mixed; boundary=b\r\n--b\r\nX: 1\r\n\r\n`
    expect(scan(header, {}, [4096]).root.bodyStart).toBe(header.length)
    expect(latin1Text(editHeader(latin1Bytes(header), [{ remove: 'X' }]))).toBe(header.replace('X: 1\r\n', ''))
  })
})

describe('where a defect is', () => {
  it.each([
    ['Content-Type: text/html\r\n', 'duplicate-content-type'],
    ['Content-Transfer-Encoding: 8bit\r\n', 'duplicate-transfer-encoding'],
  ])('the second of three: %j', (field, code) => {
    const { defects } = scan(`X: 1\r\n${field.repeat(3)}\r\nx`)
    expect(defects).toMatchObject([{ code, offset: 6 + field.length }])
  })

  it.each(['text/', 'text/ (comment)', '/plain', '/', 'text/pla"in', 'text/a/b'])('no media type: %j', (type) => {
    const { root, codes } = scan(`Content-Type: ${type}\r\n\r\nx`)
    expect([`${root.type}/${root.subtype}`, codes]).toEqual(['text/plain', ['malformed-content-type']])
  })
})

it('dashes on top are no boundary that is compared', () => {
  const type = 'Content-Type: multipart/mixed; boundary=b\r\n'
  const message = `--a: 1\r\n${type}${'--c\r\n'.repeat(7)}--b\r\nX: 1\r\n\r\n--b--\r\n`
  expect(parseMessage(latin1Bytes(message)).headers.has('x')).toBe(false)
  expect(latin1Text(editHeader(latin1Bytes(message), [{ remove: 'X' }]))).toBe(message)
})
