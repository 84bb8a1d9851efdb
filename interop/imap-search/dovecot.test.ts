/**
 * SEARCH, SORT and THREAD over generated mailboxes: our answers beside Dovecot's. Every difference has an explanation in
 * `explained.ts`, or the test fails.
 */
import { describe, expect, test } from 'vitest'
import { startDovecot } from '../dovecot.js'
import { ensureInstalled } from '../tools.js'
import { searchCommands } from './commands.js'
import { ask, fill, startOurs } from './compare.js'
import { explained } from './explained.js'
import { generateMailbox } from './generate.js'

const COUNT = Number(process.env.POSTHOUSE_DIFFERENTIAL ?? 300)
const ready = ensureInstalled(['dovecot-imapd'])
const asRoot = process.getuid?.() === 0

describe.skipIf(!ready || !asRoot)('beside Dovecot', () => {
  test.each([1, 2, 3])(
    `${COUNT} generated messages (seed %i) are searched, sorted and threaded alike`,
    async (seed) => {
      const messages = generateMailbox(COUNT, seed)
      const dovecot = await startDovecot()
      const ours = await startOurs()
      try {
        const [mine, theirs] = [await fill(ours.port, messages), await fill(dovecot.imap, messages)]
        const different: unknown[] = []
        for (const command of searchCommands(COUNT)) {
          const answers = [await ask(mine, command), await ask(theirs, command)] as const
          const [our, their] = explained(command, answers, messages)
          if (our !== their) different.push({ command, our, their })
        }
        mine.socket.destroy()
        theirs.socket.destroy()
        expect(different).toEqual([])
      } finally {
        await Promise.all([ours.stop(), dovecot.stop()])
      }
    },
  )
})
