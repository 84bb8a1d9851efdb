import type { MaildropMessage } from '../maildrop.js'
import { checked } from '../unique-id.js'
import type { TransactionCommand, TransactionContext } from './command.js'
import { list } from './listing.js'

/** UIDL (RFC 1939 §7): a name for each message that stays the same over all sessions. */
export const uidl: TransactionCommand = {
  keyword: 'UIDL',
  states: ['transaction'],
  capabilities: () => ['UIDL'],
  run(context, command) {
    const { drop, setup } = context
    if (!setup.keptUniqueIds) return list(context, command, naming(context))
    return loadKept(context).then(
      (kept) => list(context, command, naming(context, kept)),
      (reason) => {
        // An id that is not the one of yesterday would make the client download everything.
        context.log({ level: 'error', event: 'uidl.failed', connection: context.link.id, error: reason })
        context.error(`the unique-ids of ${drop.count} messages are not known now`, 'SYS/TEMP')
      },
    )
  },
}

async function loadKept({ drop, setup }: TransactionContext): Promise<ReadonlyMap<string, string>> {
  drop.keptUniqueIds ??= (await setup.keptUniqueIds?.(drop.name)) ?? new Map()
  return drop.keptUniqueIds
}

function naming({ drop, setup }: TransactionContext, kept?: ReadonlyMap<string, string>) {
  const { name: account, uidValidity } = drop
  return ({ uid, emailId }: MaildropMessage): string => {
    const made = setup.uniqueId({ account, uid, emailId, uidValidity })
    const old = kept?.get(made)
    return old === undefined ? made : checked(old)
  }
}
