// Trees that are joined and cut while somebody asks for their roots, in logarithmic steps each however deep they are: the dynamic
// trees of Sleator and Tarjan (1983). Threading asks before every link whether it would make a loop; to walk up a chain of
// references each time costs its sender nothing and us the square of its length.
//
// Implementation notes: each tree is cut into paths downwards; a path is a splay tree in the order of depth, so that its leftmost
// node is nearest to the root. `above` leads up in the splay tree, and from its top to the node that the path hangs on.

export class ForestNode {
  above: ForestNode | null = null
  left: ForestNode | null = null
  right: ForestNode | null = null
}

/** How far pointers were followed, for whoever paces the work. */
export type Hops = { count: number }

/** Hangs `child`, a root, below `parent`, which stands in another tree. */
export function join(parent: ForestNode, child: ForestNode, hops: Hops): void {
  expose(child, hops)
  expose(parent, hops)
  child.above = parent
}

/** Makes `child`, which is no root, the root of a tree of its own. */
export function cut(child: ForestNode, hops: Hops): void {
  expose(child, hops)
  if (child.left !== null) child.left.above = null
  child.left = null
}

export function rootOf(node: ForestNode, hops: Hops): ForestNode {
  expose(node, hops)
  let root = node
  while (root.left !== null) {
    root = root.left
    hops.count++
  }
  // What was walked is paid for by bringing its end to the top.
  splay(root, hops)
  return root
}

/** Makes the path from the root to the node one splay tree with the node on top. */
function expose(node: ForestNode, hops: Hops): void {
  splay(node, hops)
  node.right = null
  for (let hangsOn = node.above; hangsOn !== null; hangsOn = node.above) {
    splay(hangsOn, hops)
    hangsOn.right = node
    rotate(node)
    hops.count++
  }
}

function splay(node: ForestNode, hops: Hops): void {
  for (let parent = parentInPath(node); parent !== null; parent = parentInPath(node)) {
    const grandparent = parentInPath(parent)
    if (grandparent !== null) {
      const straight = (grandparent.left === parent) === (parent.left === node)
      rotate(straight ? parent : node)
    }
    rotate(node)
    hops.count++
  }
}

/** Null on top of a splay tree. */
function parentInPath(node: ForestNode): ForestNode | null {
  const { above } = node
  return above !== null && (above.left === node || above.right === node) ? above : null
}

/** Brings a node one step up in its splay tree; the order stays. */
function rotate(node: ForestNode): void {
  const parent = node.above
  if (parent === null) return
  const above = parent.above
  if (above !== null) {
    if (above.left === parent) above.left = node
    else if (above.right === parent) above.right = node
  }
  node.above = above
  if (parent.left === node) {
    parent.left = node.right
    if (node.right !== null) node.right.above = parent
    node.right = parent
  } else {
    parent.right = node.left
    if (node.left !== null) node.left.above = parent
    node.left = parent
  }
  parent.above = node
}
