/** Connections to servers: which of them are for whom. */
import { SmtpClientError, systemTimer } from '@posthouse/smtp'
import { expect, test } from 'vitest'
import { createServerPools } from '../src/delivery/pools.js'
import type { SessionTarget } from '../src/delivery/session.js'
import { createGate } from '../src/index.js'
import { NO_POLICY } from '../src/tls/policies.js'
import { HELLO } from './world.js'

const target: SessionTarget = {
  ...{
    host: 'mx.test',
    address: '192.0.2.1',
    port: 25,
    protocol: 'smtp',
    tls: 'verified',
    tlsa: [],
    names: ['mx.test'],
  },
  ...{ ca: null, auth: null, domain: null, rank: 0, policy: NO_POLICY },
}

test('a connection whose certificate one route trusts is not used for another one', async () => {
  const pools = createServerPools({
    open: async () => {
      throw new SmtpClientError('connection', 'nobody there')
    },
    ...{ hostname: 'relay.test', gate: createGate(() => 0), perServer: 2, perServerMinute: null, perConnection: 100 },
    ...{ idle: 1_000, timer: systemTimer, observe: () => {} },
  })
  const mail = { envelope: { reversePath: null, recipients: ['x@y.test'] }, message: HELLO }
  for (const ca of [null, 'one', 'two', 'one']) {
    await expect(pools.send({ ...target, ca }, mail, {})).rejects.toThrow('nobody there')
  }
  expect(pools.size).toBe(3)
  await pools.close()
})
