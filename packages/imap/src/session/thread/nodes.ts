/** Trees as threads are told. */
import type { ThreadNode } from '../extension.js'
import type { Tree } from './containers.js'

interface OpenNode extends ThreadNode {
  readonly children: OpenNode[]
}

/** Numbers instead of messages. */
export function toNodes(roots: readonly Tree[]): readonly ThreadNode[] {
  const nodeOf = ({ message }: Tree): OpenNode => ({ number: message?.number ?? null, children: [] })
  const nodes = roots.map(nodeOf)
  const stack = roots.map((tree, i) => ({ tree, node: nodes[i] }))
  for (let next = stack.pop(); next; next = stack.pop()) {
    for (const tree of next.tree.children) {
      const node = nodeOf(tree)
      next.node.children.push(node)
      stack.push({ tree, node })
    }
  }
  return nodes
}
