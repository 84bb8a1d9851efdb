import {
  type Command,
  existing,
  type FetchItem,
  fetchedMessage,
  type ImapExtension,
  ok,
  parseMailbox,
} from '@posthouse/imap'

const DAY = 86_400_000

/** `XSENDERS mailbox`: who wrote how many of its messages. */
const sendersCommand: Command<readonly string[]> = {
  name: 'XSENDERS',
  states: ['authenticated', 'selected'],
  parse(cursor, session) {
    cursor.space()
    return parseMailbox(cursor, session)
  },
  async run(session, path) {
    // `r`: the right to read. What is missing and what is not for this user are refused alike.
    const mailbox = await existing(session, path, 'r')
    const counts = new Map<string, number>()
    for await (const rows of session.account.messages(mailbox.id, { want: ['summary'] })) {
      for (const row of rows) {
        const [from] = (await fetchedMessage(session, row).summary()).addresses('from')
        const address = from ? `${from.mailbox}@${from.host}` : ''
        counts.set(address, (counts.get(address) ?? 0) + 1)
      }
    }
    const { out } = session
    out.text('* XSENDERS ').mailbox(mailbox.path).text(' (')
    for (const [i, [address, count]] of [...counts].sort((a, b) => b[1] - a[1]).entries()) {
      if (i > 0) out.text(' ')
      out.string(address).text(` ${count}`)
      const slow = session.flushMuch()
      if (slow) await slow
    }
    out.line(')')
    return ok('XSENDERS completed')
  },
}

/** `FETCH 1 XDAYS`: the age of a message. */
const days: FetchItem = {
  name: 'XDAYS',
  write: (out, { row }, _args, { link }) =>
    void out.text(`XDAYS ${Math.max(0, Math.floor((link.now() - row.internalDate) / DAY))}`),
}

export const senders: ImapExtension = {
  name: 'XSENDERS',
  capabilities: ['XSENDERS'],
  commands: [sendersCommand as Command],
  fetchItems: [days],
}
