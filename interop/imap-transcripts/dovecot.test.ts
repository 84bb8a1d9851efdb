/**
 * The RFCs' examples, command by command, played against our server and against Dovecot. Every difference has an
 * explanation in `explained.ts`, or the test fails.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Dovecot } from '../dovecot.js'
import { ensureInstalled } from '../tools.js'
import { converse } from './compare.js'
import { conversations } from './conversations.js'
import { unexplained } from './explained.js'
import { extensionConversations } from './extension-conversations.js'
import { startOurs, startTheirs } from './servers.js'
import { updateConversations } from './update-conversations.js'

const ready = ensureInstalled(['dovecot-imapd'])
const asRoot = process.getuid?.() === 0

const all = [...conversations, ...extensionConversations, ...updateConversations]

describe.skipIf(!ready || !asRoot)('beside Dovecot', () => {
  let ours: Awaited<ReturnType<typeof startOurs>>
  let theirs: Dovecot
  beforeAll(async () => {
    ours = await startOurs()
    theirs = await startTheirs()
  })
  afterAll(async () => {
    await ours?.stop()
    await theirs?.stop()
  })

  test.each(all)('$name', async (conversation) => {
    const user = `user${all.indexOf(conversation)}`
    const [mine, other] = [
      await converse(ours.port, user, conversation),
      await converse(theirs.imap, user, conversation),
    ]
    const different = mine.flatMap(({ line, heard }, i) => {
      const [our, their] = [unexplained(line, heard), unexplained(line, other[i].heard)]
      return our === their ? [] : [{ line, our, their }]
    })
    expect(different).toEqual([])
  })
})
