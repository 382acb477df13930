// Where an address leads, step by step: the tree that an alias is, with what closes a loop marked. What comes of it in the end says
// `findRoute`; this shows the way there.

import type { Directory } from '#shared/directory/directory.ts'
import { type Address, formatAddress, lookupKey } from '#shared/mail/address.ts'

export type TreeNode = {
  readonly address: string
  readonly kind:
    | 'alias'
    | 'account'
    | 'disabled'
    | 'remote'
    /** One of our domains, and nobody has it. */
    | 'unknown'
    /** It stands further up already: mail goes there once. */
    | 'loop'
    /** There is more than is shown. */
    | 'cut'
  /** Of an alias its targets, of an account where it has its mail sent on to. */
  readonly leadsTo: readonly TreeNode[]
}

export const TREE_NODES_MAX = 1_000
const TREE_DEPTH_MAX = 20

export async function treeOf(
  directory: Pick<Directory, 'resolve'>,
  root: Address,
): Promise<TreeNode> {
  let count = 0

  async function nodeOf(address: Address, above: readonly string[]): Promise<TreeNode> {
    const name = formatAddress(address)
    const key = `${lookupKey(address.local)}@${address.domain}`
    if (above.includes(key)) return { address: name, kind: 'loop', leadsTo: [] }
    if (++count > TREE_NODES_MAX || above.length === TREE_DEPTH_MAX) {
      return { address: name, kind: 'cut', leadsTo: [] }
    }
    const recipient = await directory.resolve(address)
    const targets =
      recipient.kind === 'alias'
        ? recipient.targets
        : recipient.kind === 'account'
          ? (recipient.forward?.to ?? [])
          : []
    const leadsTo: TreeNode[] = []
    for (const target of targets) {
      // An alias that has an account of its own name among its targets delivers there.
      const isOwn = `${lookupKey(target.local)}@${target.domain}` === key
      leadsTo.push(
        isOwn && recipient.kind === 'alias'
          ? { address: name, kind: 'account', leadsTo: [] }
          : await nodeOf(target, [...above, key]),
      )
      if (count > TREE_NODES_MAX) break
    }
    // Of a guest that is where its old server is.
    const kind = recipient.kind === 'guest' ? 'remote' : recipient.kind
    return { address: name, kind, leadsTo }
  }

  return await nodeOf(root, [])
}
