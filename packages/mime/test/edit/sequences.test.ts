import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromLatin1, latin1 } from '../../src/bytes.js'
import { createHeaderEditor, type HeaderEdit } from '../../src/edit/index.js'
import { cut, feed, places } from '../body/cutting.js'

describe('edits one after the other, and several at a time', () => {
  const NAMES = ['A', 'b', 'Subject', 'X-Long-Name']
  const name = fc.constantFrom(...NAMES, 'a', 'SUBJECT')
  const value = fc.string({ unit: fc.constantFrom('x', 'y', ' ', ':', '\r\n ', '\r\n\t'), maxLength: 12 })
  /** A field as it stands, odd but legal: blanks before the colon, folds, octets of any kind. */
  const field = fc
    .tuple(name, fc.constantFrom('', ' ', '\t'), value, fc.constantFrom('', '\xff', 'q'))
    .map(([own, blank, text, end]) => ({ name: own.toLowerCase(), text: `${own}${blank}:${text}${end}\r\n` }))
  const written = fc.tuple(name, fc.constantFrom('1', 'two words', 'x;\r\n\tb=c'))
  const change: fc.Arbitrary<HeaderEdit> = fc.oneof(
    written.map(([own, folded]) => ({ prepend: { name: own, folded } })),
    written.map(([own, folded]) => ({ replace: { name: own, folded } })),
    name.map((remove) => ({ remove })),
  )

  interface Model {
    fields: readonly { name: string; text: string }[]
    rest: string
  }
  /** What is promised, said another way: on a list of fields in place of octets. */
  function apply({ fields, rest }: Model, edits: readonly HeaderEdit[]): Model {
    const made = (edit: { name: string; folded?: string }) => ({
      name: edit.name.toLowerCase(),
      text: `${edit.name}: ${edit.folded}\r\n`,
    })
    const nameOf = (edit: HeaderEdit) => ('remove' in edit ? edit.remove : 'replace' in edit ? edit.replace.name : '')
    const prepended = edits.flatMap((edit) => ('prepend' in edit ? [made(edit.prepend)] : []))
    let kept = [...fields]
    const touched = [...new Set(edits.map((edit) => nameOf(edit).toLowerCase()))].filter((one) => one !== '')
    for (const one of touched) {
      const last = edits.filter((edit) => nameOf(edit).toLowerCase() === one).at(-1)!
      const replacement = 'replace' in last ? made(last.replace) : undefined
      const first = kept.findIndex((own) => own.name === one)
      if (first === -1 && replacement) kept.push(replacement)
      else
        kept = kept.flatMap((own, at) => (own.name !== one ? [own] : at === first && replacement ? [replacement] : []))
    }
    return { fields: [...prepended, ...kept], rest }
  }
  const textOf = ({ fields, rest }: Model) => fields.map(({ text }) => text).join('') + rest

  test.each(['\r\n', '\n'])('leave all octets outside the fields alone: lines end with %j', (lineEnd) => {
    const message = fc.record({
      fields: fc.array(field, { maxLength: 8 }),
      rest: fc.constantFrom('', '\r\n', '\r\nA: body\r\n', '\r\n\r\n\xff\0\r\nb', '\r\n x'),
    })
    const steps = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(message, steps, places, (start, edits, at) => {
        const inLines = (model: Model) => textOf(model).replaceAll('\r\n', lineEnd)
        let model: Model = start
        // Without any line there is none to say which ends the message has.
        if (textOf(start) === '' && lineEnd === '\n') return
        let octets = fromLatin1(inLines(start))
        for (const step of edits) {
          model = apply(model, step)
          octets = feed(createHeaderEditor(step), cut(octets, at))
          expect(latin1(octets)).toBe(inLines(model))
          if (octets.length === 0) return
        }
      }),
      { numRuns: 1000 },
    )
  })
})
