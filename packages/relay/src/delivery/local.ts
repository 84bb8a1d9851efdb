/** Delivery into mailboxes on this machine. */
import { createSummarizer } from '@posthouse/mime/summary'
import { deliveredToField, parseMailbox, returnPathField, traceOctets } from '@posthouse/smtp'
import { isStoreError, type MailStore, type OpResult, type Source } from '@posthouse/store-api'
import type { ClaimedJob, QueuedRecipient } from '../queue/types.js'
import { spellings } from '../routing/names.js'
import type { JobContent } from './mail.js'
import type { Outcome } from './outcome.js'

/**
 * Delivers a job to mailboxes: one outcome for each of its recipients, in order. Called again after a crash, and after a
 * `close` that waited no longer, which aborts `signal`: whoever has the message must not get it twice; `job.message.id` and
 * the address make a good key.
 */
export type LocalDelivery = (
  job: ClaimedJob,
  content: JobContent,
  options: { readonly signal: AbortSignal; readonly now: () => number },
) => Promise<readonly Outcome[]>

/**
 * Delivers into a store with `stage` and `deliver`, such as those of `@posthouse/store-sqlite` and
 * `@posthouse/store-api`. `Return-Path` and `Delivered-To` go in front (RFC 5321 §4.4, RFC 9228).
 */
export function deliverToStore(store: MailStore): LocalDelivery {
  const { stage, deliver } = store
  if (!stage || !deliver) throw new TypeError('deliverToStore needs a store with `stage` and `deliver`')
  return async (job, content, { signal, now }) => {
    const accounts = await Promise.all(job.recipients.map(({ address }) => accountOf(store, address)))
    const copies = job.recipients.flatMap((recipient, i) => {
      const account = accounts[i]
      return account === null ? [] : [{ recipient, account }]
    })
    if (copies.length === 0) return job.recipients.map(({ address }) => unknownUser(address, now()))
    signal.throwIfAborted()
    const summarizer = createSummarizer()
    const staged = await stage.call(
      store,
      through(content.read(), (octets) => summarizer.write(octets)),
      {
        size: content.size,
      },
    )
    // Nobody waits any more, and who comes next does all of it.
    signal.throwIfAborted()
    const { summary, header } = summarizer.end()
    const results = await deliver.call(store, {
      staged,
      summary,
      header,
      to: copies.map(({ recipient, account }) => ({
        account,
        prefix: prefixOf(job, recipient),
        dedup: `${job.message.id} ${recipient.address}`,
      })),
    })
    let next = 0
    return job.recipients.map(({ address }, i) =>
      accounts[i] === null ? unknownUser(address, now()) : outcomeOf(results[next++], now()),
    )
  }
}

async function accountOf(store: MailStore, address: string): Promise<string | null> {
  const mailbox = parseMailbox(address)
  if (!mailbox) return null
  for (const spelling of spellings(mailbox)) {
    const account = store.resolve ? await store.resolve(spelling) : spelling
    if (account !== null) return account
  }
  return null
}

function prefixOf(job: ClaimedJob, recipient: QueuedRecipient): Uint8Array {
  return traceOctets(returnPathField(job.message.envelope.reversePath) + deliveredToField(recipient.address))
}

async function* through(source: Source, seen: (octets: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const octets of source) {
    seen(octets)
    yield octets
  }
}

function outcomeOf(result: OpResult | Error | undefined, at: number): Outcome {
  if (result && !(result instanceof Error)) {
    return { type: 'delivered', action: 'delivered', status: '2.0.0', reply: null, remote: null, notifies: false }
  }
  return outcomeOfStoreError(result, at)
}

/** Why a store did not take a message. A full mailbox may be emptied: that is worth another try. */
export function outcomeOfStoreError(error: unknown, at: number): Outcome {
  const made = (type: 'deferred' | 'failed', status: string, text: string): Outcome => ({
    type,
    failure: { status, text, reply: null, remote: null, at },
  })
  switch (isStoreError(error) ? error.code : null) {
    case 'overquota':
      return made('deferred', '4.2.2', 'the mailbox is full')
    case 'toolarge':
      return made('failed', '5.2.3', 'the message is too big for the mailbox')
    case 'nonexistent':
      return made('failed', '5.1.1', 'there is no such mailbox')
    case 'noperm':
    case 'readonly':
      return made('failed', '5.2.1', 'the mailbox takes no mail')
    default:
      return made('deferred', '4.3.0', 'the message could not be stored')
  }
}

function unknownUser(address: string, at: number): Outcome {
  const text = `there is no user ${address} here`
  return { type: 'failed', failure: { status: '5.1.1', text, reply: null, remote: null, at } }
}
