/** THREAD (RFC 5256) with its algorithms, each an extension of its own. */
import { thread, uidThread } from '../commands/thread.js'
import type { Command, ImapExtension, ThreadAlgorithm } from '../extension.js'
import { orderedSubject } from '../thread/ordered-subject.js'
import { references } from '../thread/references.js'
import { refs } from '../thread/refs.js'

/** An extension for an algorithm, also for one of your own. */
export function threadExtension(algorithm: ThreadAlgorithm): ImapExtension {
  const word = `THREAD=${algorithm.name}`
  return {
    name: word,
    capabilities: [word],
    commands: [thread, uidThread] as readonly Command[],
    threadAlgorithms: [algorithm],
  }
}

/** THREAD=ORDEREDSUBJECT (RFC 5256). */
export const threadOrderedSubject: ImapExtension = threadExtension(orderedSubject)
/** THREAD=REFERENCES (RFC 5256). */
export const threadReferences: ImapExtension = threadExtension(references)
/** THREAD=REFS. */
export const threadRefs: ImapExtension = threadExtension(refs)
