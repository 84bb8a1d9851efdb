/** Access lists, guests, and the methods that stand by themselves. */
import {
  type Account,
  Flag,
  type MailStore,
  type MemoryStore,
  type Op,
  StoreError,
  type Writer,
} from '@posthouse/store-api'
import { type Mutant, mapRows, mutant, type Whole } from './mutant.js'

type Guest = Account & Writer

/** Replaces methods of what a guest gets; the owner's account stays sound. */
function guestMutant(
  name: string,
  caughtBy: readonly number[],
  breaks: (guest: Guest, owner: Whole) => Partial<Account>,
  rule: Mutant['rule'] = 'API',
): Mutant {
  const wrap = (memory: MemoryStore): MailStore => ({
    sharedWith: (as) => memory.sharedWith(as),
    async open(account, as) {
      const opened = (await memory.open(account, as)) as Guest
      if (!as || as.principal === account) return opened
      return { ...opened, ...breaks(opened, (await memory.open(account)) as Whole) }
    },
  })
  return { name, rule, caughtBy, wrap }
}

/** Some ops go through the owner's account, where no right is asked for. */
const asOwner =
  (guest: Guest, owner: Whole, which: (op: Op) => boolean): Writer['commit'] =>
  (ops, key) =>
    (ops.every(which) ? owner : guest).commit(ops, key)

export const sharingMutants: readonly Mutant[] = [
  guestMutant('a guest may do what the owner may', [81, 206, 207], (guest, owner) => ({
    commit: asOwner(guest, owner, () => true),
  })),
  guestMutant('a guest sees all mailboxes of an account', [202], (guest, owner) => ({
    mailboxes: async () => {
      const [first] = await guest.mailboxes()
      const shared = { rights: first?.rights ?? '', owner: first?.owner ?? '' }
      return (await owner.mailboxes()).map((info) => ({ ...info, ...shared }))
    },
  })),
  guestMutant('messages are shown to whoever knows the mailbox', [202, 205], (_guest, owner) => ({
    messages: owner.messages,
  })),
  guestMutant('\\Seen is the same for all', [80], (guest, owner) => ({
    commit: async (ops, key) => {
      const done = await guest.commit(ops, key)
      await owner.commit(ops.filter(({ op }) => op === 'flags'))
      return done
    },
  })),
  guestMutant('a STORE changes flags that no right covers', [208], (guest, owner) => ({
    commit: asOwner(guest, owner, ({ op }) => op === 'flags'),
  })),
  guestMutant('a STORE is refused when one right is missing', [208], (guest) => ({
    commit: async (ops, key) => {
      if (ops.some((op) => op.op === 'flags' && (op.flags & 8) !== 0)) throw new StoreError('noperm', 'no t')
      return guest.commit(ops, key)
    },
  })),
  guestMutant('append sets flags that no right covers', [209], (guest, owner) => ({
    commit: async (ops, key) => {
      const done = await guest.commit(ops, key)
      for (const [i, op] of ops.entries()) {
        const uids = done.results[i]?.uids
        if (op.op !== 'append' || typeof op.to !== 'string' || !uids) continue
        await owner.commit([{ op: 'flags', in: op.to, uids, mode: 'add', flags: op.flags & ~1 }])
      }
      return done
    },
  })),
  guestMutant(
    'a private \\Seen raises no modseq',
    [210],
    (guest, owner) => ({
      messages: (mailbox, query) =>
        query.since === undefined ? guest.messages(mailbox, query) : owner.messages(mailbox, query),
    }),
    'R5',
  ),
  guestMutant('a private \\Seen stays behind when a message is copied', [211], (guest) => ({
    // `m1` is INBOX.
    messages: mapRows(guest as Whole, (row, mailbox) =>
      mailbox === 'm1' ? row : { ...row, flags: row.flags & ~Flag.Seen },
    ),
  })),
  guestMutant('subscriptions are the account’s', [212], (guest, owner) => ({
    commit: asOwner(guest, owner, ({ op }) => op === 'subscribe'),
    mailboxes: async () => {
      const theirs = await owner.mailboxes()
      return (await guest.mailboxes()).map((info) => ({
        ...info,
        subscribed: theirs.find(({ id }) => id === info.id)?.subscribed ?? false,
      }))
    },
  })),
  guestMutant(
    'the count of unread messages of a guest drifts',
    [213],
    (guest) => ({
      mailboxes: async () => (await guest.mailboxes()).map((info) => ({ ...info, unseen: info.unseen + 1 })),
    }),
    'R5',
  ),
  {
    name: 'an account is shown to everybody',
    rule: 'API',
    caughtBy: [204],
    wrap: (memory) => ({
      open: (account, as) => memory.open(account, as),
      sharedWith: async () => ['ann'],
    }),
  },
  {
    name: 'identifiers that take away are not looked at',
    rule: 'API',
    caughtBy: [203],
    wrap: (memory) => ({
      open: (account, as) => memory.open(account, as && { ...as, principal: `_${as.principal}` }),
    }),
  },
  mutant('an access list says what was written, not what it means', 'API', [201], (account) => ({
    acl: async (mailbox) =>
      (await account.acl!(mailbox)).map(({ identifier, rights }) => ({
        identifier,
        rights: [...rights].reverse().join(''),
      })),
  })),
  mutant('only mailboxes that are there can be subscribed to', 'API', [97], (account) => ({
    subscriptions: async () =>
      (await account.mailboxes()).filter(({ subscribed }) => subscribed).map(({ path }) => path),
  })),
  mutant('each mailbox has threads of its own', 'API', [98], (account) => ({
    messages: mapRows(account, (row, mailbox) =>
      row.threadId === undefined ? row : { ...row, threadId: `${mailbox}-${row.threadId}` },
    ),
  })),
  mutant('restage gives octets whose lease is over', 'R7', [99], (account) => ({
    restage: async (blob) => ({ ...(await account.restage!(blob)), blob: `${blob}-copy` }),
  })),
  mutant('hints come for the account, and none for its messages', 'R11', [214], (account) => ({
    watch: (signal) =>
      (async function* (hints) {
        for await (const hint of hints) if (hint.mailbox === undefined) yield hint
      })(account.watch(signal)),
  })),
]
