import { composeBytes } from '@posthouse/mime/compose'
import { deliveryStatusReport, feedbackReport } from '@posthouse/mime/report'
import { connectSmtp, listen } from '@posthouse/smtp/node'
import { expect, test } from 'vitest'
import { bounceServer, judge, reversePathOf } from '../src/bounces.js'
import { createSubscribers } from '../src/subscribers.js'

const daemon = { from: 'postmaster@mx.example.org', to: 'bounce+1@news.example.test', subject: 'Undelivered' }
const ada = { type: 'rfc822', value: 'ada@example.org' }

/** A notice as the server of `ada@example.org` sends it. */
function notice(action: 'failed' | 'delayed', status: string): Promise<Uint8Array> {
  const reportingMta = { type: 'dns', value: 'mx.example.org' }
  const report = { reportingMta, recipients: [{ finalRecipient: ada, action, status }] }
  return composeBytes({ ...daemon, body: deliveryStatusReport(report, { text: 'Sorry.' }) })
}

function complaint(): Promise<Uint8Array> {
  const report = { feedbackType: 'abuse', userAgent: 'Loop/1.0' }
  return composeBytes({ ...daemon, body: feedbackReport(report, { text: 'Spam!' }) })
}

test.each([
  ['an unknown user', () => notice('failed', '5.1.1'), 'permanent'],
  ['a full mailbox', () => notice('failed', '5.2.2'), 'temporary'],
  ['a server that was down for days', () => notice('failed', '4.4.1'), 'temporary'],
  ['a server that is down, and is tried again', () => notice('delayed', '4.4.1'), null],
  ['a complaint', complaint, 'complaint'],
  ['a vacation notice', () => composeBytes({ ...daemon, text: 'I am away.' }), null],
])('%s', async (_name, message, verdict) => expect(judge(await message())).toBe(verdict))

test('the list stays clean', async () => {
  const subscribers = createSubscribers(['ada@example.org', 'bob@example.org', 'eve@example.org'])
  await using server = await listen(bounceServer(subscribers, 'news.example.test'), { port: 0 })
  await using client = await connectSmtp({ host: '127.0.0.1', port: server.port })
  const comeBack = async (id: number, message: Uint8Array) => {
    const recipients = [reversePathOf(id, 'news.example.test')]
    await client.send({ envelope: { reversePath: null, recipients }, message })
  }
  await comeBack(1, await notice('failed', '5.1.1'))
  for (let day = 1; day <= 4; day++) await comeBack(2, await notice('failed', '4.2.2'))
  await comeBack(3, await complaint())
  expect([1, 2, 3].map((id) => subscribers.get(id)?.active)).toEqual([false, true, false])
  await comeBack(2, await notice('failed', '4.2.2'))
  expect(subscribers.get(2)?.active).toBe(false)
  await expect(comeBack(4, await complaint())).rejects.toMatchObject({ code: 'refused' })
})
