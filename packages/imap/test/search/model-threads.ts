import type { ThreadedMessage } from '../../src/index.js'

/** A message or a dummy, with children in a list: as RFC 5256 talks about them. */
interface Node {
  message: ThreadedMessage | null
  parent: Node | null
  children: Node[]
}

const node = (message: ThreadedMessage | null): Node => ({ message, parent: null, children: [] })

function unlink(child: Node): void {
  if (child.parent) child.parent.children = child.parent.children.filter((one) => one !== child)
  child.parent = null
}

function link(parent: Node, child: Node): void {
  for (let at: Node | null = parent; at; at = at.parent) if (at === child) return
  child.parent = parent
  parent.children.push(child)
}

const first = ({ message, children }: Node): ThreadedMessage => message ?? first(children[0] as Node)
const byDate = (a: Node, b: Node): number => first(a).sentDate - first(b).sentDate || first(a).number - first(b).number

/** Steps 1 to 3. */
function threadsOf(messages: readonly ThreadedMessage[]): Node[] {
  const byId = new Map<string, Node>()
  const all: Node[] = []
  const named = (id: string): Node => {
    let found = byId.get(id)
    if (!found) {
      found = node(null)
      byId.set(id, found)
      all.push(found)
    }
    return found
  }
  for (const message of messages) {
    let own = message.messageId === null ? null : named(message.messageId)
    if (!own || own.message) {
      own = node(null)
      all.push(own)
    }
    own.message = message
    const chain = message.references.map(named)
    for (let i = 1; i < chain.length; i++) {
      const [parent, child] = [chain[i - 1] as Node, chain[i] as Node]
      if (!child.parent) link(parent, child)
    }
    const last = chain[chain.length - 1]
    if (own.parent !== (last ?? null)) {
      unlink(own)
      if (last) link(last, own)
    }
  }
  /** (3): from below, so that a dummy's children are pruned before it is. */
  const prune = (list: Node[], atRoot: boolean): Node[] =>
    list.flatMap((one) => {
      one.children = prune(one.children, false)
      if (one.message) return [one]
      if (one.children.length === 0) return []
      return atRoot && one.children.length > 1 ? [one] : one.children
    })
  return prune(
    all.filter(({ parent }) => !parent),
    true,
  )
}

/** REFERENCES, step by step. */
export function modelReferences(messages: readonly ThreadedMessage[]): string {
  let roots = threadsOf(messages)
  for (const root of roots) if (!root.message) root.children.sort(byDate)
  roots.sort(byDate)
  const table = new Map<string, Node>()
  for (const root of roots) {
    const { subject } = first(root)
    if (subject === '') continue
    const there = table.get(subject)
    if (!there) table.set(subject, root)
    else if (there.message && (!root.message || (there.message.isReply && !root.message.isReply))) {
      table.set(subject, root)
    }
  }
  for (const root of [...roots]) {
    const { subject } = first(root)
    const there = table.get(subject)
    if (subject === '' || !there || there === root) continue
    roots = roots.filter((one) => one !== root)
    if (!there.message && !root.message) there.children.push(...root.children)
    else if (!there.message || (root.message?.isReply && !there.message.isReply)) there.children.push(root)
    else {
      const dummy = node(null)
      dummy.children = [root, there]
      roots = roots.filter((one) => one !== there)
      roots.push(dummy)
      table.set(subject, dummy)
      // Its first child must be one of its subject, for what comes: both are.
    }
  }
  const sort = (list: Node[]): void => {
    for (const one of list) sort(one.children)
    list.sort(byDate)
  }
  sort(roots)
  const write = ({ message, children }: Node): string => {
    const rest = children.length === 1 ? write(children[0] as Node) : children.map((one) => `(${write(one)})`).join('')
    return message ? `${message.number}${rest === '' ? '' : ` ${rest}`}` : rest
  }
  return `* THREAD${roots.length > 0 ? ' ' : ''}${roots.map((one) => `(${write(one)})`).join('')}`
}
