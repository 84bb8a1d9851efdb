/** ORDEREDSUBJECT (RFC 5256 §3): what has the same base subject is a thread; the oldest is the parent of all others. */
import type { ThreadAlgorithm, ThreadedMessage, ThreadNode } from '../extension.js'
import { sortInTurns } from '../sort/sort-in-turns.js'

const byDate = (a: ThreadedMessage, b: ThreadedMessage): number => a.sentDate - b.sentDate || a.number - b.number

export const orderedSubject: ThreadAlgorithm = {
  name: 'ORDEREDSUBJECT',
  async thread(messages, pause) {
    // The threads come in the order of their first messages, because all messages come in the order of their dates.
    const threads = new Map<string, { number: number; children: ThreadNode[] }>()
    for (const { subject, number } of await sortInTurns([...messages], byDate, pause)) {
      const thread = threads.get(subject)
      if (thread) thread.children.push({ number, children: [] })
      else threads.set(subject, { number, children: [] })
    }
    return [...threads.values()]
  },
}
