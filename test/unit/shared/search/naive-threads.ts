// Threads of the REFERENCES algorithm without any of the cleverness: to find a loop it walks up to the root, dummies go level by
// level, and the engine sorts. What referencesThreads makes is compared with it.

import { compareSent, type Thread, type ThreadMessage } from '#shared/search/threads.ts'

type Node = {
  /** Null for a dummy: a message that is only referred to. */
  readonly message: ThreadMessage | null
  parent: Node | null
  children: Node[]
}

/** `messages` in the order of sequence numbers. */
export function naiveThreads(messages: readonly ThreadMessage[]): readonly Thread[] {
  const top = prune(gather(link(messages)))
  sortTop(top)
  const merged = mergeSubjects(top)
  sortSiblings(merged)
  return merged
}

function newNode(message: ThreadMessage | null): Node {
  return { message, parent: null, children: [] }
}

/** (1): all nodes, messages and dummies, linked by their references. */
function link(messages: readonly ThreadMessage[]): readonly Node[] {
  const byId = new Map<string, Node>()
  const nodes: Node[] = []
  // Of messages with the same id only the first has it; one without an id has none that others could name.
  const own = messages.map((message) => {
    const node = newNode(message)
    nodes.push(node)
    const { messageId } = message
    if (messageId !== '' && !byId.has(messageId)) byId.set(messageId, node)
    return node
  })
  for (const node of own) {
    let last: Node | null = null
    for (const id of node.message?.references ?? []) {
      let next = byId.get(id)
      if (next === undefined) {
        next = newNode(null)
        byId.set(id, next)
        nodes.push(next)
      }
      // (A): what is linked already stays as it is.
      if (last !== null && next.parent === null) adopt(last, next)
      last = next
    }
    // (B): the last reference is the parent, whatever was thought before.
    node.parent = null
    if (last !== null) adopt(last, node)
  }
  return nodes
}

function adopt(parent: Node, child: Node): void {
  if (!isAncestor(child, parent)) child.parent = parent
}

/** Whether `node` is `below` or above it. */
function isAncestor(node: Node, below: Node): boolean {
  for (let at: Node | null = below; at !== null; at = at.parent) if (at === node) return true
  return false
}

/** (2): those without parent, each with its children. */
function gather(nodes: readonly Node[]): Node[] {
  for (const node of nodes) node.parent?.children.push(node)
  return nodes.filter(({ parent }) => parent === null)
}

/** (3): dummies go, their children take their place; at the top only an only child does. */
function prune(top: readonly Node[]): Node[] {
  for (const node of deepestFirst(top)) {
    if (node.children.some(isDummy)) {
      node.children = node.children.flatMap((child) => (isDummy(child) ? child.children : [child]))
    }
  }
  return top.flatMap((node) => (isDummy(node) && node.children.length < 2 ? node.children : [node]))
}

function isDummy({ message }: Node): boolean {
  return message === null
}

/** Every node after all that are below it. */
function deepestFirst(top: readonly Node[]): Node[] {
  const order = [...top]
  for (const node of order) for (const child of node.children) order.push(child)
  return order.reverse()
}

/** The message that stands for the thread: its first one, or the first child of a dummy. */
function headOf({ message, children }: Node): ThreadMessage | null {
  return message ?? children[0]?.message ?? null
}

function compareNodes(a: Node, b: Node): number {
  const left = headOf(a)
  const right = headOf(b)
  return left === null || right === null ? 0 : compareSent(left, right)
}

/** (4) */
function sortTop(top: Node[]): void {
  for (const node of top) if (isDummy(node)) node.children.sort(compareNodes)
  top.sort(compareNodes)
}

/** (6) */
function sortSiblings(top: Node[]): void {
  for (const { children } of deepestFirst(top)) if (children.length > 1) children.sort(compareNodes)
  top.sort(compareNodes)
}

/** (5): threads with the same subject become one. */
function mergeSubjects(top: readonly Node[]): Node[] {
  const table = new Map<string, Node>()
  // (B)
  for (const node of top) {
    const subject = headOf(node)?.subject ?? ''
    if (subject === '') continue
    const known = table.get(subject)
    if (known === undefined) table.set(subject, node)
    else if (!isDummy(known) && (isDummy(node) || (isReply(known) && !isReply(node)))) {
      table.set(subject, node)
    }
  }
  // (C)
  const merged = new Set<Node>(top)
  for (const node of top) {
    const subject = headOf(node)?.subject ?? ''
    const known = table.get(subject)
    if (subject === '' || known === undefined || known === node) continue
    merged.delete(node)
    if (isDummy(known)) known.children.push(...(isDummy(node) ? node.children : [node]))
    else if (isReply(node) && !isReply(known)) known.children.push(node)
    else {
      const dummy = newNode(null)
      dummy.children = [known, node]
      merged.delete(known)
      merged.add(dummy)
      table.set(subject, dummy)
    }
  }
  return [...merged]
}

function isReply({ message }: Node): boolean {
  return message?.isReplyOrForward ?? false
}
