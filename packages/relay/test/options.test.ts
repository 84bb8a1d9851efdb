/** Mistakes in what a relay is made of: said at the start, before there is a queue. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRelay } from '@posthouse/relay'
import { openSmtpSession, startRelay } from '@posthouse/relay/node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { destinationLimitsOf, relayLimits } from '../src/limits.js'
import { startTestRelay } from './world.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'posthouse-relay-options-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  [{}, 'startRelay needs the option hostname'],
  [{ hostname: 'a.test' }, 'startRelay needs the option routing'],
  [{ hostname: 'a.test', routing: {}, smartHost: {} }, 'there is no startRelay option smartHost; there are hostname,'],
])('%j makes no queue', async (options, words) => {
  const path = join(folder, 'queue.db')
  const started = startRelay({ ...options, path } as never)
  await expect(started).rejects.toThrow(TypeError)
  await expect(started).rejects.toThrow(words)
  expect(existsSync(path)).toBe(false)
})

const hosts = [{ host: 'a.test' }]

test.each([
  [{ routing: { smarthost: { hosts } } }, TypeError, 'there is no routing option smarthost; there are domains,'],
  [{ routing: { smartHost: { host: 'a' } } }, TypeError, 'there is no smartHost option host; there are hosts,'],
  [{ routing: { smartHost: { hosts, tls: true } } }, TypeError, 'tls of the smartHost must be one of implicit,'],
  [
    { routing: { routes: new Map([['b.test', { hosts: [{ host: 'a', port: '25' }] }]]) } },
    TypeError,
    'port of the route of b.test must be a number, not "25"',
  ],
  [
    { routing: { smartHost: { hosts, limits: { concurency: 1 } } } },
    TypeError,
    'there is no limit of route:smarthost concurency; there are concurrency, perMinute',
  ],
  [
    { domainLimits: new Map([['b.test', { perMinute: '5' }]]) },
    TypeError,
    'perMinute of domain:b.test must be a number',
  ],
  [{ limits: { job: 1 } }, TypeError, 'there is no limit job; there are jobs,'],
  [{ limits: { lifetime: '5d' } }, TypeError, 'limits.lifetime must be a number, not "5d"'],
  [{ limits: { perMinute: '5' } }, TypeError, 'limits.perMinute must be a number, not "5"'],
  [{ limits: { warnAfter: -1 } }, RangeError, 'limits.warnAfter must be 0 or more, not -1'],
  [{ port: '25' }, TypeError, 'port must be a number, not "25"'],
  [{ sessions: { limits: { pipeline: 0 } } }, RangeError, 'limits.pipeline must be 1 or more, not 0'],
])('a mistake: %o', async (options, kind, words) => {
  const started = startTestRelay({ port: 25, ...options } as never)
  await expect(started).rejects.toThrow(kind)
  await expect(started).rejects.toThrow(words)
})

test('what is missing has a name', () => {
  expect(() => createRelay({ hostname: 'a.test' } as never)).toThrow('createRelay needs the option engine')
  expect(() => openSmtpSession({ timeout: 1 } as never)).toThrow('there is no openSmtpSession option timeout')
})

test('a limit of a destination that is undefined is that of all; null is none', () => {
  const general = relayLimits({ perDestination: 7, perMinute: 60 })
  const of = (wanted: object) => destinationLimitsOf('domain:a.test', wanted, general)
  expect(of({ concurrency: undefined, perMinute: undefined })).toEqual({ concurrency: 7, perMinute: 60 })
  expect(of({ concurrency: 1, perMinute: null })).toEqual({ concurrency: 1, perMinute: null })
})
