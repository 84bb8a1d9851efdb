/**
 * The text of a message for a store's full-text index: what search keys look at, in the form in which they compare it.
 * An index of it finds everything that SEARCH finds.
 */
import { openSummary, summarize } from '@posthouse/mime/summary'
import type { MessageRow } from '@posthouse/store-api'
import { casemap } from './casemap.js'
import type { SearchedMessage } from './message.js'
import { type Looker, lookAtAddresses, lookAtBody, lookAtField, lookAtHeaders } from './text.js'

/** Text by where it stands; folded by i;unicode-casemap. */
export interface SearchText {
  readonly subject: string
  readonly from: string
  readonly to: string
  readonly cc: string
  readonly bcc: string
  /** All header fields, those of parts, too. */
  readonly header: string
  readonly body: string
}

class Collector implements Looker {
  readonly done = false
  text = ''

  look(text: string): boolean {
    this.text += casemap(text)
    return false
  }

  break(): void {
    if (this.text !== '') this.text += '\n'
  }
}

const NOTHING = new Uint8Array(0)

/** For the option `fts.textOf` of `@posthouse/store-sqlite`; its message is without what a delivery puts before it. */
export async function searchTextOf(octets: Uint8Array): Promise<SearchText> {
  const made = summarize(octets)
  const summary = openSummary(made.summary)
  if (!summary) throw new Error('a summary that was just made cannot be read')
  const message: SearchedMessage = {
    row: {
      uid: 1,
      modseq: 1,
      flags: 0,
      size: octets.length,
      internalDate: 0,
      emailId: '',
      blob: '',
    } satisfies MessageRow,
    prefix: NOTHING,
    sequence: 1,
    mailbox: { id: '', uidValidity: 1 },
    summary: () => summary,
    header: () => made.header,
    pieces: (start, end) => [octets.subarray(start, end)],
    octets: async (start, end) => octets.subarray(start, end),
    pause() {},
  }
  const collect = async (look: (into: Looker) => unknown): Promise<string> => {
    const collector = new Collector()
    await look(collector)
    return collector.text
  }
  const addresses = (name: string): Promise<string> => collect((into) => lookAtAddresses(made.header, name, into))
  return {
    subject: await collect((into) => lookAtField(made.header, 'subject', into)),
    from: await addresses('from'),
    to: await addresses('to'),
    cc: await addresses('cc'),
    bcc: await addresses('bcc'),
    header: await collect((into) => lookAtHeaders(message, into)),
    body: await collect((into) => lookAtBody(message, into)),
  }
}
