/** REFERENCES (RFC 5256 §3): threads by references, and threads of the same subject put together. */
import type { ThreadAlgorithm } from '../extension.js'
import { sortInTurns } from '../sort/sort-in-turns.js'
import { byDate, firstOf, makeTrees, type Pause, sortChildren, type Tree } from './containers.js'
import { toNodes } from './nodes.js'

/** Step 5 (B): which thread of a subject the others join. */
function subjectTable(roots: readonly Tree[]): Map<string, Tree> {
  const table = new Map<string, Tree>()
  for (const root of roots) {
    const { subject } = firstOf(root)
    if (subject === '') continue
    const known = table.get(subject)
    const better =
      !known || (known.message !== null && (root.message === null || (known.message.isReply && !root.message.isReply)))
    if (better) table.set(subject, root)
  }
  return table
}

/** Step 5 (C): puts threads of the same subject together. */
function mergeSubjects(roots: readonly Tree[]): Tree[] {
  const table = subjectTable(roots)
  const left = new Set(roots)
  for (const root of roots) {
    const { subject } = firstOf(root)
    const known = subject === '' ? undefined : table.get(subject)
    if (!known || known === root) continue
    left.delete(root)
    if (root.message === null) {
      // Both are dummies then: a thread that is one is preferred when the table is made.
      for (const child of root.children) known.children.push(child)
    } else if (known.message === null || (root.message.isReply && !known.message.isReply)) {
      known.children.push(root)
    } else {
      const dummy: Tree = { message: null, children: [known, root] }
      left.delete(known)
      left.add(dummy)
      table.set(subject, dummy)
    }
  }
  return [...left]
}

async function thread(trees: Tree[], pause: Pause): Promise<Tree[]> {
  // (4): the children of dummies, then the threads.
  await sortDummies(trees, pause)
  const roots = mergeSubjects(await sortInTurns(trees, byDate, pause))
  await sortChildren(roots, pause)
  return sortInTurns(roots, byDate, pause)
}

/** What stands for a dummy is its first child. */
async function sortDummies(roots: readonly Tree[], pause: Pause): Promise<void> {
  for (const root of roots) if (root.message === null) root.children = await sortInTurns(root.children, byDate, pause)
}

export const references: ThreadAlgorithm = {
  name: 'REFERENCES',
  thread: async (messages, pause) => toNodes(await thread(await makeTrees(messages, pause), pause)),
}
