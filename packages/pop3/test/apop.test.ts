import { createHash } from 'node:crypto'
import { createPop3Server } from '@posthouse/pop3'
import { createMemoryStore } from '@posthouse/store-api'
import { fromLatin1, latin1 } from '@posthouse/wire'
import { connectInMemory } from '@posthouse/wire/testing'
import { expect, test } from 'vitest'

test.each([
  ['tanstaaf', '+OK 0 messages'],
  ['wrong', '-ERR [AUTH]'],
])('RFC 1939 §7: APOP with the secret %s', async (secret, wanted) => {
  const store = createMemoryStore()
  store.addAccount('mrose')
  const authenticate = { sharedSecret: () => ({ secret: 'tanstaaf', identity: { account: 'mrose' } }) }
  const connection = connectInMemory(createPop3Server({ store, authenticate, apop: true }))
  const greeting = latin1(connection.take())
  const timestamp = greeting.slice(greeting.indexOf('<'), greeting.indexOf('>') + 1)
  const digest = createHash('md5')
    .update(timestamp + secret)
    .digest('hex')
  connection.send(fromLatin1(`APOP mrose ${digest}\r\n`))
  let heard = ''
  while (!heard.endsWith('\r\n')) {
    await connection.output()
    heard += latin1(connection.take())
  }
  expect(heard).toContain(wanted)
})
