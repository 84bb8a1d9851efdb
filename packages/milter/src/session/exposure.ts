/** What of a message a milter is shown, and how. */
import { type Mailbox, reply, type Transaction } from '@posthouse/smtp'
import type { MilterModification } from '../syntax/index.js'
import { type ContentFeed, createContentFeed } from './content-feed.js'
import type { Filtering, FilterSetup } from './filtering.js'
import { type HeaderBlock, readHeaderBlock, type ShownField } from './header-edits.js'
import type { NewBody } from './new-body.js'

/** The message at hand: as far as it has been shown, and what the milter wants changed. */
export interface Shown {
  readonly feed: ContentFeed
  /** `null` until it has come. */
  header: HeaderBlock | null
  readonly modifications: MilterModification[]
  newBody: NewBody | null
  quarantine: string | null
}

/** Makes the way of a message's octets to the milter. */
export function showMessage(filtering: Filtering, { limits }: FilterSetup): Shown {
  let skips = false

  async function showHeader(octets: Uint8Array): Promise<{ bodyAt: number }> {
    const block = readHeaderBlock(octets, filtering.leadingSpace, limits.addedHeader)
    shown.header = block
    for (const field of block.fields) {
      if (!filtering.open) break
      await filtering.step({ type: 'header', ...cut(field, limits.field) })
    }
    if (filtering.open) await filtering.step({ type: 'end-of-header' })
    // The empty line belongs to neither; where there is none, what is behind the header is body.
    return { bodyAt: block.separator === '' ? octets.length : block.end }
  }

  const feed = createContentFeed(
    {
      header: showHeader,
      async body(octets) {
        if (filtering.open && !skips) skips = await filtering.body(octets)
      },
      headerTooLong: () => filtering.refuse(reply(552, '5.3.4', `Header bigger than ${limits.header} octets`)),
    },
    limits.header,
  )
  const shown: Shown = { feed, header: null, modifications: [], newBody: null, quarantine: null }
  return shown
}

/** No field is shown longer than milters take. What is changed and passed on is the whole field. */
function cut(field: ShownField, limit: number): ShownField {
  const room = Math.max(0, limit - field.name.length - 2)
  return field.value.length <= room ? field : { name: field.name, value: field.value.slice(0, room) }
}

/** MAIL as milters read it: the path, and the parameters that say something about the message. */
export function mailArguments(transaction: Transaction): readonly string[] {
  const args = [bracketed(transaction.reversePath)]
  if (transaction.size !== null) args.push(`SIZE=${transaction.size}`)
  if (transaction.body !== '7BIT') args.push(`BODY=${transaction.body}`)
  if (transaction.smtputf8) args.push('SMTPUTF8')
  return args
}

/** A path in angle brackets. */
export function bracketed(mailbox: Mailbox | null): string {
  return `<${mailbox?.address ?? ''}>`
}
