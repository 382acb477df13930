// Threads of the REFERENCES algorithm: RFC 5256 §3, step by step.
//
// Implementation notes: until step 2 only parents are kept, because links are broken and made anew; nothing recurses, because
// threads can be as deep as the mailbox is long.

import { cut, ForestNode, type Hops, join, rootOf } from './forest.ts'
import type { Pace } from './pace.ts'
import { sortInTurns } from './sort-in-turns.ts'
import { compareSent, type Thread, type ThreadMessage } from './threads.ts'

class Node extends ForestNode {
  /** Null for a dummy: a message that is only referred to. */
  readonly message: ThreadMessage | null
  parent: Node | null = null
  /** How many nodes have this one as parent. */
  childCount = 0
  children: Node[] = []

  constructor(message: ThreadMessage | null) {
    super()
    this.message = message
  }
}

/** What one node, one reference or one comparison costs the pace, in bytes. */
const NODE_BYTES = 32
/** Lists up to this length are sorted at once. */
const SHORT_LIST = 256

/** `messages` in the order of their numbers. Linear but for sorting; throws what the pace ends with. */
export async function referencesThreads(
  messages: readonly ThreadMessage[],
  pace: Pace,
): Promise<readonly Thread[]> {
  const top = await prune(await gather(await link(messages, pace), pace), pace)
  const merged = await mergeSubjects(await sortTop(top, pace), pace)
  return sortSiblings(merged, pace)
}

// ------------------------------------------------------------------------------------------ step 1

/** (1): all nodes, messages and dummies, linked by their references. */
async function link(messages: readonly ThreadMessage[], pace: Pace): Promise<readonly Node[]> {
  const byId = new Map<string, Node>()
  const nodes: Node[] = []
  const hops: Hops = { count: 0 }
  // Of messages with the same id only the first has it; one without an id has none that others could name.
  for (const message of messages) {
    const node = new Node(message)
    nodes.push(node)
    const { messageId } = message
    if (messageId !== '' && !byId.has(messageId)) byId.set(messageId, node)
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
  }
  for (const [at, message] of messages.entries()) {
    const node = nodes[at]
    if (node === undefined) break
    let last: Node | null = null
    for (const id of message.references) {
      let next = byId.get(id)
      if (next === undefined) {
        next = new Node(null)
        byId.set(id, next)
        nodes.push(next)
      }
      // (A): what is linked already stays as it is.
      if (last !== null && next.parent === null) adopt(last, next, hops)
      last = next
      const wait = pace.spent(NODE_BYTES * (1 + hops.count))
      hops.count = 0
      if (wait) await wait
    }
    // (B): the last reference is the parent, whatever was thought before.
    if (node.parent === last) continue
    if (node.parent !== null) abandon(node, node.parent, hops)
    if (last !== null) adopt(last, node, hops)
  }
  return nodes
}

/** Makes the link unless it would make a loop. The child has no parent. */
function adopt(parent: Node, child: Node, hops: Hops): void {
  if (parent === child) return
  // Without children it is above nothing: the common case, where no root has to be looked for.
  if (child.childCount > 0 && rootOf(parent, hops) === child) return
  join(parent, child, hops)
  child.parent = parent
  parent.childCount++
}

function abandon(child: Node, parent: Node, hops: Hops): void {
  cut(child, hops)
  child.parent = null
  parent.childCount--
}

// ------------------------------------------------------------------------------------- steps 2 and 3

/** (2): those without parent, each with its children. */
async function gather(nodes: readonly Node[], pace: Pace): Promise<Node[]> {
  const top: Node[] = []
  for (const node of nodes) {
    if (node.parent === null) top.push(node)
    else node.parent.children.push(node)
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
  }
  return top
}

/** (3): dummies go, their children take their place; at the top only an only child does. */
async function prune(top: readonly Node[], pace: Pace): Promise<Node[]> {
  const kept: Node[] = []
  for (const node of top) {
    if (!isDummy(node)) kept.push(node)
    else {
      const children = await withoutDummies(node.children, pace)
      if (children.length < 2) kept.push(...children)
      else {
        node.children = children
        kept.push(node)
      }
    }
  }
  const order = [...kept]
  for (const node of order) {
    // Of dummies, which are at the top only, it has been done.
    if (node.children.some(isDummy)) node.children = await withoutDummies(node.children, pace)
    for (const child of node.children) order.push(child)
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
  }
  return kept
}

/** The nearest messages below: every dummy is looked at once, however many stand in a row. */
async function withoutDummies(children: readonly Node[], pace: Pace): Promise<Node[]> {
  const messages: Node[] = []
  const stack = [...children].reverse()
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!isDummy(node)) messages.push(node)
    else
      for (let at = node.children.length - 1; at >= 0; at--) stack.push(node.children[at] as Node)
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
  }
  return messages
}

function isDummy({ message }: Node): boolean {
  return message === null
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

async function sortNodes(nodes: Node[], pace: Pace): Promise<Node[]> {
  if (nodes.length > SHORT_LIST)
    return sortInTurns(nodes, compareNodes, { pace, bytes: NODE_BYTES })
  if (nodes.length > 1) nodes.sort(compareNodes)
  return nodes
}

/** (4) */
async function sortTop(top: Node[], pace: Pace): Promise<Node[]> {
  for (const node of top) if (isDummy(node)) node.children = await sortNodes(node.children, pace)
  return sortNodes(top, pace)
}

/** (6): of dummies, which are at the top only, the children have to be in order first. */
async function sortSiblings(top: Node[], pace: Pace): Promise<Node[]> {
  const order = [...top]
  for (const node of order) {
    for (const child of node.children) order.push(child)
    if (node.children.length > 1) node.children = await sortNodes(node.children, pace)
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
  }
  return sortNodes(top, pace)
}

// ------------------------------------------------------------------------------------------- step 5

/** (5): threads with the same subject become one. */
async function mergeSubjects(top: readonly Node[], pace: Pace): Promise<Node[]> {
  const table = new Map<string, Node>()
  // (B)
  for (const node of top) {
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
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
    const wait = pace.spent(NODE_BYTES)
    if (wait) await wait
    const subject = headOf(node)?.subject ?? ''
    const known = table.get(subject)
    if (subject === '' || known === undefined || known === node) continue
    merged.delete(node)
    if (isDummy(known)) {
      // Not spread as arguments: there may be any number of them.
      for (const child of isDummy(node) ? node.children : [node]) known.children.push(child)
    } else if (isReply(node) && !isReply(known)) known.children.push(node)
    else {
      const dummy = new Node(null)
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
