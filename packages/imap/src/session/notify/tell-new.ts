/** New messages that come with the data that the client wants of them (RFC 5465 §5.1, §7). */
import type { Column, UidSet } from '@posthouse/store-api'
import { addItem, checkItems, toldItems, type WantedItem } from '../commands/fetch.js'
import { fetchedMessage } from '../fetch/message.js'
import type { ImapSession } from '../session.js'
import { beginFetch } from '../view/report.js'

/** Tells of messages that have come, with what the client wants to know of them (RFC 5465 §5.1). */
export async function tellNew(session: ImapSession, uids: UidSet, wanted: readonly WantedItem[]): Promise<void> {
  const { view, account, out } = session
  const items = toldItems(session, withUpdateItems(session, wanted))
  const want = [...new Set(items.flatMap(({ item, args }) => item.needs?.(args) ?? []))] as readonly Column[]
  for await (const rows of account.messages(view.id, { uids, want })) {
    for (const row of rows) {
      const sequence = view.sequenceOf(row.uid)
      if (sequence === 0) continue
      const message = fetchedMessage(session, row)
      await checkItems(message, items)
      beginFetch(out, session.enabled.has('UIDONLY'), sequence, row.uid)
      for (const [i, { item, args }] of items.entries()) {
        if (i > 0) out.text(' ')
        const wait = item.write(out, message, args, session)
        if (wait) await wait
      }
      out.line(')')
      const slow = session.flushMuch()
      if (slow) await slow
    }
  }
}

/**
 * RFC 7162 §3.2.4: UID and MODSEQ come with every FETCH response that no FETCH has asked for. To a client with CONDSTORE alone
 * the example of RFC 5465 §3.1 tells neither.
 */
function withUpdateItems({ parts, enabled }: ImapSession, wanted: readonly WantedItem[]): readonly WantedItem[] {
  if (!enabled.has('QRESYNC')) return wanted
  const items = [...wanted]
  addItem(items, parts.fetchItems.get('UID'), true)
  addItem(items, parts.fetchItems.get('MODSEQ'))
  return items
}
