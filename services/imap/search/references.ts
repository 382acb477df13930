// Threads of the REFERENCES algorithm: RFC 5256 §3, step by step.
//
// Implementation notes: until step 2 only parents are kept, because links are broken and made anew; nothing recurses, because
// threads can be as deep as the mailbox is long.

import { compareSent, type Thread, type ThreadMessage } from './threads.ts'

type Node = {
  /** Null for a dummy: a message that is only referred to. */
  readonly message: ThreadMessage | null
  parent: Node | null
  /** How many nodes have this one as parent. */
  childCount: number
  children: Node[]
}

/** `messages` in the order of sequence numbers. */
export function referencesThreads(messages: readonly ThreadMessage[]): readonly Thread[] {
  const top = prune(gather(link(messages)))
  sortTop(top)
  const merged = mergeSubjects(top)
  sortSiblings(merged)
  return merged
}

function newNode(message: ThreadMessage | null): Node {
  return { message, parent: null, childCount: 0, children: [] }
}

// ------------------------------------------------------------------------------------------ step 1

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
    if (node.parent !== null) node.parent.childCount--
    node.parent = null
    if (last !== null) adopt(last, node)
  }
  return nodes
}

/** Makes the link unless it would make a loop. */
function adopt(parent: Node, child: Node): void {
  if (isAncestor(child, parent)) return
  child.parent = parent
  parent.childCount++
}

/** Whether `node` is `below` or above it. */
function isAncestor(node: Node, below: Node): boolean {
  if (node === below) return true
  // Without children it is above nothing: the common case, where no chain has to be walked.
  if (node.childCount === 0) return false
  for (let at = below.parent; at !== null; at = at.parent) if (at === node) return true
  return false
}

// ------------------------------------------------------------------------------------- steps 2 and 3

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

// ------------------------------------------------------------------------------------- steps 4 and 6

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

// ------------------------------------------------------------------------------------------- step 5

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
