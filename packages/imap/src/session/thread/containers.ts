/**
 * From references to trees: steps 1 to 3 of REFERENCES (RFC 5256 §3), which REFS shares.
 *
 * A container is a message, or a place for one that is referred to and not there (a dummy). Links go from child to
 * parent; the trees of messages that are left when dummies are taken out are made at the end, in time proportional to
 * the containers.
 */
import type { ThreadedMessage } from '../extension.js'
import { sortInTurns } from '../sort/sort-in-turns.js'

/** What is awaited where it gives a promise. */
export type Pause = () => void | Promise<void>

interface Container {
  message: ThreadedMessage | null
  parent: Container | null
  /** Containers whose parent it is. */
  childCount: number
  /** The nearest container above all dummies around this one that stays; filled in at the end. */
  anchor: Container | null
  tree: Tree | null
}

/** A message with its answers, or a dummy with several children. */
export interface Tree {
  readonly message: ThreadedMessage | null
  children: Tree[]
}

const EVERY = 4_096

class Linker {
  readonly #byId = new Map<string, Container>()
  readonly containers: Container[] = []
  readonly #pause: Pause
  #steps = 0

  constructor(pause: Pause) {
    this.#pause = pause
  }

  #make(message: ThreadedMessage | null): Container {
    const made: Container = { message, parent: null, childCount: 0, anchor: null, tree: null }
    this.containers.push(made)
    return made
  }

  #named(id: string): Container {
    let found = this.#byId.get(id)
    if (!found) {
      found = this.#make(null)
      this.#byId.set(id, found)
    }
    return found
  }

  /** The container of a message. One without an identifier, or with that of an earlier message, stands by itself. */
  #placeFor(message: ThreadedMessage): Container {
    if (message.messageId === null) return this.#make(message)
    const found = this.#named(message.messageId)
    if (found.message !== null) return this.#make(message)
    found.message = message
    return found
  }

  /** Is `above` an ancestor of `below`, or the same? */
  async #leadsTo(below: Container, above: Container): Promise<boolean> {
    // Without children it is nobody's ancestor: that is so for nearly all messages, in whatever order they come.
    if (above.childCount === 0) return below === above
    for (let at: Container | null = below; at; at = at.parent) {
      if (at === above) return true
      if (++this.#steps % EVERY === 0) await this.#pause()
    }
    return false
  }

  /** Links where that makes no loop. */
  async #link(parent: Container, child: Container): Promise<void> {
    if (await this.#leadsTo(parent, child)) return
    child.parent = parent
    parent.childCount++
  }

  /** Step 1 for one message. */
  async add(message: ThreadedMessage): Promise<void> {
    const own = this.#placeFor(message)
    let last: Container | null = null
    for (const id of message.references) {
      const next = this.#named(id)
      // (1)(A): a link that is there already stays.
      if (last && !next.parent) await this.#link(last, next)
      last = next
    }
    // (1)(B): what the message says of itself counts more than what others said of it.
    if (own.parent === last) return
    if (own.parent) {
      own.parent.childCount--
      own.parent = null
    }
    if (last) await this.#link(last, own)
  }
}

/** Where a container hangs when dummies are taken out: at a message, at the topmost dummy, or nowhere. */
function anchorOf(container: Container): Container | null {
  const path: Container[] = []
  let at = container.parent
  while (at && at.message === null && at.anchor === null && at.parent) {
    path.push(at)
    at = at.parent
  }
  const anchor = at?.message === null && at.anchor ? at.anchor : at
  for (const dummy of path) dummy.anchor = anchor
  return anchor
}

const treeOf = (container: Container): Tree => (container.tree ??= { message: container.message, children: [] })

/** Makes the trees, in no order. Dummies stay at the top only, and only with several children. */
export async function makeTrees(messages: readonly ThreadedMessage[], pause: Pause): Promise<Tree[]> {
  const linker = new Linker(pause)
  for (const message of messages) {
    await linker.add(message)
    const slow = pause()
    if (slow) await slow
  }
  const roots: Tree[] = []
  for (const container of linker.containers) {
    if (container.message === null) continue
    const anchor = anchorOf(container)
    if (!anchor) {
      roots.push(treeOf(container))
      continue
    }
    const tree = treeOf(anchor)
    if (anchor.message === null && tree.children.length === 0) roots.push(tree)
    tree.children.push(treeOf(container))
  }
  // (3): an only child takes the place of its dummy.
  return roots.map((root) => (root.message === null && root.children.length === 1 ? root.children[0] : root))
}

/** By sent date, then in mailbox order (RFC 5256 §2.2). The children of a dummy must be in order already. */
export function byDate(a: Tree, b: Tree): number {
  const one = firstOf(a)
  const other = firstOf(b)
  return one.sentDate - other.sentDate || one.number - other.number
}

/** The message, or the first child of a dummy. */
export function firstOf(tree: Tree): ThreadedMessage {
  return tree.message ?? (tree.children[0].message as ThreadedMessage)
}

/** All trees below, parents before children. */
export function* below(roots: readonly Tree[]): Generator<Tree> {
  const stack = [...roots]
  for (let tree = stack.pop(); tree; tree = stack.pop()) {
    yield tree
    for (const child of tree.children) stack.push(child)
  }
}

/** Step 6 for everything below: siblings by date. */
export async function sortChildren(roots: readonly Tree[], pause: Pause): Promise<void> {
  const stack = roots.filter(({ children }) => children.length > 0)
  for (let tree = stack.pop(); tree; tree = stack.pop()) {
    if (tree.children.length > 1) tree.children = await sortInTurns(tree.children, byDate, pause)
    for (const child of tree.children) if (child.children.length > 0) stack.push(child)
    const slow = pause()
    if (slow) await slow
  }
}
