import { StoreError } from '../errors.js'
import type { MailboxId, MailboxRef, Op } from '../types.js'
import type { Part, Parts } from './parts.js'

/** The ops of a commit as one account knows them. @throws StoreError `invalid` when they touch more than one */
export async function translate(
  { me, find, place }: Parts,
  ops: readonly Op[],
): Promise<{ readonly part: Part; readonly ops: readonly Op[] }> {
  let part: Part | undefined
  const at = async (ref: MailboxRef): Promise<MailboxRef> => {
    if (typeof ref !== 'string') return ref
    const found = await find(ref)
    use(found.part)
    return found.id
  }
  const named = async (path: readonly string[]): Promise<readonly string[]> => {
    const found = await place(path)
    use(found.part)
    return found.path
  }
  const use = (next: Part) => {
    part ??= next
    if (part !== next) throw new StoreError('invalid', 'one commit changes the mailboxes of one account')
  }
  const out: Op[] = []
  for (const op of ops) {
    switch (op.op) {
      case 'append':
        out.push({ ...op, to: await at(op.to) })
        break
      case 'copy':
      case 'move':
        out.push({ ...op, from: (await at(op.from)) as MailboxId, to: await at(op.to) })
        break
      case 'flags':
      case 'expunge':
        out.push({ ...op, in: (await at(op.in)) as MailboxId })
        break
      case 'acl':
        out.push({ ...op, in: await at(op.in) })
        break
      case 'create':
        out.push({ ...op, path: await named(op.path) })
        break
      case 'mailbox': {
        const id = (await at(op.id)) as MailboxId
        out.push(op.path ? { ...op, id, path: await named(op.path) } : { ...op, id })
        break
      }
      case 'drop':
        out.push({ ...op, id: (await at(op.id)) as MailboxId })
        break
      case 'meta':
        out.push(op.mailbox === undefined ? op : { ...op, mailbox: (await at(op.mailbox)) as MailboxId })
        if (op.mailbox === undefined) use(me)
        break
      case 'subscribe':
        // By the name that is seen here, in the principal's own list.
        use(me)
        out.push(op)
        break
    }
  }
  return { part: part ?? me, ops: out }
}
