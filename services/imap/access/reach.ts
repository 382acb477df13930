// From a mailbox name to the folder it means, for a purpose: the way every command takes that names a mailbox. What an account may
// not see it is told to be unknown, in the words for what does not exist (RFC 4314 §6); what it sees and may not use is refused.

import type { AccountId } from '#shared/contracts/mailbox.ts'
import { namesOf } from '#shared/mailbox/folder-path.ts'
import type { ForeignFolder } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { allRights, hasAll, hasAny, hasRight, type Rights } from '#shared/mailbox/rights.ts'
import type { Completion } from '../command.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import { type ForeignName, foreignName } from './namespaces.ts'
import { type NamedUse, type Needed, neededOfNamed } from './needed-rights.ts'

export type ReachedFolder =
  | { readonly kind: 'folder'; readonly folder: FolderRecord; readonly rights: Rights }
  /** There is none, or nobody may tell this account of it. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly completion: Completion }

export async function reach(session: Session, use: NamedUse, name: string): Promise<ReachedFolder> {
  const { account, deps } = session
  const { folders } = deps.mailbox
  const own = await folders.find(account.id, name)
  if (own !== undefined) return { kind: 'folder', folder: own, rights: allRights }
  const foreign = foreignName(name)
  const found = foreign && (await findForeign(session, foreign))
  if (found === undefined) return { kind: 'unknown' }
  return judge(use, found)
}

export type Place =
  | { readonly kind: 'place'; readonly owner: AccountId; readonly path: string }
  | { readonly kind: 'refused'; readonly completion: Completion }

/** Where a mailbox that is still to be made would be: an account, and a path in it. */
export async function reachPlace(
  session: Session,
  use: 'CREATE' | 'RENAME to',
  name: string,
): Promise<Place> {
  const foreign = foreignName(name)
  if (foreign === undefined) return { kind: 'place', owner: session.account.id, path: name }
  const owner = await ownerOf(session, foreign)
  const { foreignFolders } = session.deps.mailbox
  const above = owner && (await foreignFolders.above(session.account.id, owner, foreign.path))
  // The same answer whether there is nothing, nothing to be seen, or nothing to be made.
  if (owner === undefined || above === undefined || !has(above.rights, neededOfNamed[use])) {
    return { kind: 'refused', completion: replies.noPermission }
  }
  return { kind: 'place', owner, path: foreign.path }
}

/** What is done with a mailbox that was not reached. */
export const refusalOf = (
  reached: Exclude<ReachedFolder, { readonly kind: 'folder' }>,
  unknown: Completion = replies.noSuchMailbox,
): Completion => (reached.kind === 'refused' ? reached.completion : unknown)

export function has(rights: Rights, { all = [], ...some }: Needed): boolean {
  const any = 'any' in some ? some.any : []
  return hasAll(rights, all) && (any.length === 0 || hasAny(rights, any))
}

export const may = (rights: Rights, use: NamedUse): boolean => has(rights, neededOfNamed[use])

/** Of others the special uses are their own (RFC 6154 §2): nobody's Trash is where another's mail goes. */
export const asForeign = (folder: FolderRecord): FolderRecord => ({ ...folder, specialUses: [] })

function judge(use: NamedUse, { folder, rights }: ForeignFolder): ReachedFolder {
  if (may(rights, use)) return { kind: 'folder', folder: asForeign(folder), rights }
  return hasRight(rights, 'l')
    ? { kind: 'refused', completion: replies.noPermission }
    : { kind: 'unknown' }
}

async function findForeign(
  session: Session,
  name: ForeignName,
): Promise<ForeignFolder | undefined> {
  if (namesOf(name.path) === undefined) return undefined
  const owner = await ownerOf(session, name)
  if (owner === undefined) return undefined
  return session.deps.mailbox.foreignFolders.find(session.account.id, owner, name.path)
}

async function ownerOf(
  { deps }: Session,
  { address, shared }: ForeignName,
): Promise<AccountId | undefined> {
  const person = await deps.people.find(address)
  return person?.shared === shared ? person.id : undefined
}
