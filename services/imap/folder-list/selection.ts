// Which mailboxes a LIST means and what is said about each: the selection options of RFC 9051 §6.3.9.1 (RFC 5258 §3.1, RFC 6154
// §2), CHILDINFO for RECURSIVEMATCH, and the attributes of §7.3.1.

import type { ListArguments, ListSelection } from '#shared/imap/list-arguments.ts'
import { DELIMITER, FOLDER_DEPTH_MAX, type FolderTree } from '#shared/mailbox/folder-path.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { Rights } from '#shared/mailbox/rights.ts'
import { turns } from '#shared/runtime/turns.ts'
import type { ForeignNode } from '../access/foreign-nodes.ts'
import type { ListEntry } from './list-response.ts'
import { compilePattern, type NamePattern } from './name-pattern.ts'

/** A mailbox name: a folder, or only a subscription, or only what stands above one of others or above a subscription. */
export type Listed = ListEntry & {
  readonly folder: FolderRecord | undefined
  /** In a folder of somebody else. */
  readonly rights?: Rights
  /** False: listed only for what is below it (CHILDINFO). */
  readonly isSelected: boolean
}

type Node = {
  readonly path: string
  readonly folder: FolderRecord | undefined
  /** In a folder of somebody else. */
  readonly rights?: Rights
  /** No mailbox of this account, but a name on the way to some. */
  readonly isAbove?: boolean
}

export async function* selectNames(
  { reference, patterns, select, returns }: ListArguments,
  tree: FolderTree,
  subscribed: ReadonlySet<string>,
  foreign: readonly ForeignNode[] = [],
): AsyncGenerator<Listed> {
  const compiled = patterns.map((pattern) => compilePattern(reference, pattern))
  const wants = selector(select, subscribed)
  const selects = select.subscribed || select.specialUse
  const nodes = [
    ...allNodes(tree, select.subscribed ? subscribed : none, foreign),
    // RFC 9051 §6.3.9: a `%` at the end stops at names above, too.
    ...(!selects && patterns.some((pattern) => pattern.endsWith('%')) ? namesAbove(foreign) : []),
  ]
  const wanted = select.recursiveMatch ? nodes.filter(wants) : []
  const above = parentsOf(wanted)
  const unlisted: Node[] = []
  for (const node of wanted) if (!(await matchesAny(compiled, node.path))) unlisted.push(node)
  // RFC 5258 §3.5: a name only for its CHILDINFO, where something below it matches and is not listed itself.
  const needed = parentsOf(unlisted)
  const options = [
    ...(select.subscribed ? ['SUBSCRIBED'] : []),
    ...(select.specialUse ? ['SPECIAL-USE'] : []),
  ]
  const tellsSubscribed = select.subscribed || returns.subscribed
  for (const node of withParents(nodes, needed)) {
    const { path } = node
    const isSelected = wants(node)
    if (!(isSelected || needed.has(path)) || !(await matchesAny(compiled, path))) continue
    yield {
      ...node,
      isSelected,
      attributes: attributesOf(node, tellsSubscribed && subscribed.has(path)),
      ...(above.has(path) ? { childInfo: options } : {}),
    }
  }
}

/** Others have their turn between any two comparisons: there may be many names and many patterns. */
export async function matchesAny(patterns: readonly NamePattern[], path: string): Promise<boolean> {
  for (const matches of patterns) {
    const wait = turns.step()
    if (wait !== undefined) await wait
    if (matches(path)) return true
  }
  return false
}

const none: ReadonlySet<string> = new Set()

function selector(select: ListSelection, subscribed: ReadonlySet<string>) {
  return ({ path, folder }: Node): boolean =>
    (!select.subscribed || subscribed.has(path)) &&
    (!select.specialUse || (folder !== undefined && folder.specialUses.length > 0))
}

/** Every folder, parents first, INBOX and what is below it before all others; then names that have no folder. */
export function allNodes(
  tree: FolderTree,
  extra: ReadonlySet<string> = none,
  foreign: readonly ForeignNode[] = [],
): Node[] {
  const nodes: Node[] = []
  const visit = (folder: FolderRecord, prefix: string) => {
    const path = prefix + folder.name
    nodes.push({ path, folder })
    for (const child of sortFolders(tree.children(folder.id))) visit(child, path + DELIMITER)
  }
  for (const folder of sortFolders(tree.children(null))) visit(folder, '')
  nodes.push(...foreign)
  if (extra.size === 0) return nodes
  const known = new Set(nodes.map(({ path }) => path))
  for (const path of extra) if (!known.has(path)) nodes.push({ path, folder: undefined })
  return nodes
}

function sortFolders(folders: readonly FolderRecord[]): readonly FolderRecord[] {
  return [...folders].sort((a, b) => {
    if (isInbox(a) !== isInbox(b)) return isInbox(a) ? -1 : 1
    return a.name < b.name ? -1 : 1
  })
}

/** All names above these, at any distance. */
export function parentsOf(nodes: Iterable<{ readonly path: string }>): Set<string> {
  const parents = new Set<string>()
  for (const { path } of nodes) {
    for (let end = path.lastIndexOf(DELIMITER); end > 0; ) {
      const parent = path.slice(0, end)
      if (parents.has(parent)) break
      parents.add(parent)
      end = parent.lastIndexOf(DELIMITER)
    }
  }
  return parents
}

function namesAbove(foreign: readonly ForeignNode[]): Node[] {
  const known = new Set(foreign.map(({ path }) => path))
  return [...parentsOf(foreign)]
    .filter((path) => !known.has(path))
    .map((path) => ({ path, folder: undefined, isAbove: true }))
}

/** What is above a subscription need not be a mailbox itself. */
function withParents(nodes: readonly Node[], parents: ReadonlySet<string>): readonly Node[] {
  if (parents.size === 0) return nodes
  const known = new Set(nodes.map(({ path }) => path))
  const missing = [...parents].filter((path) => !known.has(path))
  return [...nodes, ...missing.map((path) => ({ path, folder: undefined }))]
}

/** RFC 9051 §7.3.1. CHILDREN and the special use are told whether asked for or not. */
export function attributesOf({ path, folder, isAbove }: Node, subscribed: boolean): string[] {
  if (isAbove) return ['\\Noselect', '\\HasChildren']
  const attributes: string[] = []
  // Only extended commands list such a name, and \NonExistent implies \Noselect there.
  if (folder === undefined) attributes.push('\\NonExistent')
  else if (!folder.selectable) attributes.push('\\Noselect')
  if (subscribed) attributes.push('\\Subscribed')
  if (folder === undefined) return attributes
  attributes.push(folder.children > 0 ? '\\HasChildren' : '\\HasNoChildren')
  if (folder.children === 0 && path.split(DELIMITER).length >= FOLDER_DEPTH_MAX) {
    attributes.push('\\Noinferiors')
  }
  attributes.push(...folder.specialUses)
  return attributes
}
