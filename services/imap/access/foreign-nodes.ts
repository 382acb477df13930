// The folders of others among the names that LIST, LSUB and NOTIFY tell: those that the account may see (the `l` right), under the
// names of their owners. ESEARCH looks for those that may be read, for a name may be known that is told to nobody.

import { DELIMITER, type FolderTree } from '#shared/mailbox/folder-path.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { Rights } from '#shared/mailbox/rights.ts'
import { folderTree } from '../folder-names.ts'
import type { Session } from '../session.ts'
import { nameFor, OTHER_USERS, SHARED } from './namespaces.ts'
import { asForeign, may } from './reach.ts'

export type ForeignNode = {
  readonly path: string
  readonly folder: FolderRecord
  readonly rights: Rights
}

/** In the order of names. */
export async function foreignNodes(
  session: Session,
  use: 'LIST' | 'ESEARCH' = 'LIST',
): Promise<readonly ForeignNode[]> {
  const { mailbox, people } = session.deps
  const all = await mailbox.foreignFolders.list(session.account.id)
  const visible = all.filter(({ rights }) => may(rights, use))
  if (visible.length === 0) return []
  const [owners, own] = await Promise.all([
    people.byIds(visible.map(({ folder }) => folder.accountId)),
    ownInTheWay(session),
  ])
  const nodes = visible.flatMap(({ folder, path, rights }) => {
    const owner = owners.get(folder.accountId)
    if (owner === undefined) return []
    const name = nameFor(owner, path)
    return own?.find(name) === undefined ? [{ path: name, folder, rights }] : []
  })
  const children = Map.groupBy(nodes, ({ path }) => path.slice(0, path.lastIndexOf(DELIMITER)))
  return nodes
    .map(({ path, folder, rights }) => ({
      path,
      rights,
      folder: {
        ...asForeign(folder),
        // Only those that it may see: how many there are is the owner's to tell.
        children: children.get(path)?.length ?? 0,
        // RFC 9051 §6.3.9.8: what STATUS is refused for is \Noselect.
        selectable: folder.selectable && may(rights, 'LIST STATUS'),
      },
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Folders of the account's own, where there are any below the names of the namespaces: `reach.ts` finds those first. */
async function ownInTheWay(session: Session): Promise<FolderTree | undefined> {
  const { account, deps } = session
  const { folders } = deps.mailbox
  const tops = await Promise.all([OTHER_USERS, SHARED].map((top) => folders.find(account.id, top)))
  return tops.every((top) => top === undefined) ? undefined : folderTree(session)
}
