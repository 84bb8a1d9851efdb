/**
 * REFS (draft-ietf-morg-inthread): threads by references only, whatever the subjects say, and those in which something
 * happened last come last.
 */
import type { ThreadAlgorithm } from '../extension.js'
import { sortInTurns } from '../sort/sort-in-turns.js'
import { below, firstOf, makeTrees, sortChildren, type Tree } from './containers.js'
import { toNodes } from './nodes.js'

/** When something happened in a thread last. */
function latest(tree: Tree): number {
  let time = tree.message?.sentDate ?? Number.NEGATIVE_INFINITY
  if (tree.children.length === 0) return time
  for (const { message } of below(tree.children)) if (message && message.sentDate > time) time = message.sentDate
  return time
}

export const refs: ThreadAlgorithm = {
  name: 'REFS',
  async thread(messages, pause) {
    const trees = await makeTrees(messages, pause)
    await sortChildren(trees, pause)
    const dated = trees.map((tree) => ({ tree, time: latest(tree), first: firstOf(tree).number }))
    const sorted = await sortInTurns(dated, (a, b) => a.time - b.time || a.first - b.first, pause)
    return toNodes(sorted.map(({ tree }) => tree))
  },
}
