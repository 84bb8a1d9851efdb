import { expect, test } from 'vitest'
import { checkAll } from './exhaustive.js'

/** `npm run fuzz smtp-smuggling -- --length 8` tries longer ones. */
const LONGEST = 5

test.each(['reject', 'normalize', 'preserve'] as const)('all strings in all cuttings, rule %s', (rule) => {
  for (let length = 0; length <= LONGEST; length++) expect(checkAll(length, rule)).toBe(10 ** length)
})
