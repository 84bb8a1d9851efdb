/** What is loaded once. */
import { expect, test } from 'vitest'
import { once } from '../src/node/once.js'

test('everybody gets the same; what has failed is tried again', async () => {
  const results: readonly (() => Promise<string>)[] = [
    () => Promise.reject(new Error('too many open files')),
    () => Promise.resolve('loaded'),
  ]
  let calls = 0
  const load = once(() => results[calls++]())
  const [first, second] = [load(), load()]
  await expect(first).rejects.toThrow('too many open files')
  await expect(second).rejects.toThrow('too many open files')
  expect(await Promise.all([load(), load()])).toEqual(['loaded', 'loaded'])
  expect(calls).toBe(2)
})
