import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testMailFor } from '@posthouse/testing'
import { sendDigests } from '../src/digest.mjs'

const articles = [
  { topic: 'birds', title: 'The robin' },
  { topic: 'bees', title: 'The mason bee' },
  { topic: 'birds', title: 'The wren' },
]

test('each reader gets what is for them', async (t) => {
  const mail = await testMailFor(t)
  const [birds, both] = [mail.inbox(), mail.inbox()]
  await sendDigests(
    [
      { address: birds.address, topics: ['birds'] },
      { address: both.address, topics: ['birds', 'bees'] },
    ],
    articles,
    mail.smtp.url,
  )
  assert.equal(birds.messages[0].text, '- The robin\n- The wren\n')
  assert.equal((await both.waitFor()).subject, '3 new articles')
  assert.match(both.messages[0].headers.get('List-Unsubscribe'), /^<https:\/\/example\.test\/unsubscribe/)
})

test('nothing new is no mail', async (t) => {
  const mail = await testMailFor(t)
  const { messages } = await mail.during(() =>
    sendDigests([{ address: 'ada@example.test', topics: ['moths'] }], articles, mail.smtp.url),
  )
  assert.deepEqual(messages, [])
})
