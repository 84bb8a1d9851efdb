import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Entity, ranges } from '../../src/structure/entity.js'
import { MessageScanner } from '../../src/structure/scanner.js'
import { hostileMessage, latin1Bytes, plainIndex } from '../support/messages.js'

/** Feeds the octets in pieces that end at `cuts`. */
function scanInPieces(bytes: Uint8Array, cuts: readonly number[], countLines: boolean) {
  const scanner = new MessageScanner({ countLines })
  let from = 0
  for (const cut of [...cuts].sort((one, other) => one - other)) {
    scanner.write(bytes.subarray(from, cut))
    from = cut
  }
  scanner.write(bytes.subarray(from))
  return scanner.end()
}

describe('the index does not depend on how the input is cut', () => {
  it('at random places', () => {
    fc.assert(
      fc.property(
        hostileMessage,
        fc.array(fc.nat(4000), { maxLength: 12 }),
        fc.boolean(),
        (text, places, countLines) => {
          const bytes = latin1Bytes(text)
          const cuts = places.map((place) => place % (bytes.length + 1))
          const whole = scanInPieces(bytes, [], countLines)
          const pieces = scanInPieces(bytes, cuts, countLines)
          expect(plainIndex(pieces.root)).toEqual(plainIndex(whole.root))
          expect(pieces.defects).toEqual(whole.defects)
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('octet by octet', () => {
    fc.assert(
      fc.property(hostileMessage, (text) => {
        const bytes = latin1Bytes(text)
        const every = Array.from(bytes, (_, index) => index)
        const whole = scanInPieces(bytes, [], true)
        const pieces = scanInPieces(bytes, every, true)
        expect(plainIndex(pieces.root)).toEqual(plainIndex(whole.root))
        expect(pieces.defects).toEqual(whole.defects)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the ranges cover the input', () => {
  it('of every message', () => {
    fc.assert(
      fc.property(hostileMessage, (text) => {
        const bytes = latin1Bytes(text)
        const { root } = scanInPieces(bytes, [], false)
        let at = 0
        for (const range of ranges(root)) {
          expect(range.start).toBe(at)
          expect(range.end).toBeGreaterThan(range.start)
          at = range.end
        }
        expect(at).toBe(bytes.length)
      }),
      { numRuns: 1500 },
    )
  })

  it('and every entity lies inside its parent, in order', () => {
    fc.assert(
      fc.property(hostileMessage, (text) => {
        const inspect = (entity: Entity): void => {
          expect(entity.headerStart).toBeLessThanOrEqual(entity.bodyStart)
          expect(entity.bodyStart).toBeLessThanOrEqual(entity.bodyEnd)
          let at = entity.bodyStart
          for (const child of entity.children) {
            expect(child.headerStart).toBeGreaterThanOrEqual(at)
            expect(child.bodyEnd).toBeLessThanOrEqual(entity.bodyEnd)
            at = child.bodyEnd
            inspect(child)
          }
        }
        inspect(scanInPieces(latin1Bytes(text), [], false).root)
      }),
    )
  })
})

describe('lines counted while reading', () => {
  it('are the LF octets of the body', () => {
    fc.assert(
      fc.property(hostileMessage, (text) => {
        const bytes = latin1Bytes(text)
        const inspect = (entity: Entity): void => {
          if (entity.lineBreaks >= 0) {
            const body = text.slice(entity.bodyStart, entity.bodyEnd)
            expect(entity.lineBreaks).toBe(body.split('\n').length - 1)
          }
          entity.children.forEach(inspect)
        }
        inspect(scanInPieces(bytes, [], true).root)
      }),
      { numRuns: 1500 },
    )
  })
})
