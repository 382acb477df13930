// What an administrator does with rights in folders (RFC 4314): who may open whose.

import { formatAddress } from '#shared/mail/address.ts'
import { identifierOf, namedEntries } from '#shared/mailbox/identifiers.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { formatRights, noRights, parseRights, type Rights } from '#shared/mailbox/rights.ts'
import type { AdministrationDeps } from './deps.ts'
import type { Fields } from './fields.ts'
import {
  type BadValue,
  badValue,
  type IsOwner,
  type NoSuchAccount,
  type NoSuchFolder,
  type TooManyGrants,
} from './refusals.ts'

export interface GrantAdministration {
  /** Of one folder or of all, by their paths. */
  list(request: ListGrants): Promise<GrantsListed | BadValue | NoSuchAccount | NoSuchFolder>
  set(request: SetGrant): Promise<GrantSet | GrantRefusal>
  remove(request: RemoveGrant): Promise<GrantSet | GrantRefusal>
}

export type ListGrants = { readonly address: string; readonly folder?: string | undefined }

/** `grantee`: an account, `anyone` or `authenticated`; with a dash before it, rights are taken away from it. */
export type RemoveGrant = {
  readonly address: string
  readonly folder: string
  readonly grantee: string
}
/** `rights`: letters of RFC 4314 §2.1. */
export type SetGrant = RemoveGrant & { readonly rights: string }

export type Grant = {
  readonly folder: string
  readonly grantee: string
  readonly rights: string
}
export type GrantsListed = { readonly kind: 'grants'; readonly grants: readonly Grant[] }
/** `rights`: '' where it has no entry any more. */
export type GrantSet = { readonly kind: 'set'; readonly rights: string }

type GrantRefusal = BadValue | NoSuchAccount | NoSuchFolder | IsOwner | TooManyGrants

const RIGHTS_LETTERS = 'lrswipkxteacd'

export function createGrantAdministration(
  deps: AdministrationDeps,
  fields: Fields,
): GrantAdministration {
  const { directory, mailbox, people, record } = deps

  async function findAccount(text: string) {
    const address = fields.address(text)
    if (address.kind !== 'ok') return address
    const account = await directory.accounts.get(address.value)
    return account === undefined
      ? noSuchAccount('address', text)
      : ({ kind: 'found', account } as const)
  }

  async function findFolder(text: string, path: string) {
    const found = await findAccount(text)
    if (found.kind !== 'found') return found
    const folder = await mailbox.folders.find(found.account.id, path)
    return folder === undefined ? noSuchFolder(text, path) : ({ ...found, folder } as const)
  }

  async function change(request: RemoveGrant, rights: Rights): Promise<GrantSet | GrantRefusal> {
    const { address, folder: path, grantee } = request
    const found = await findFolder(address, path)
    if (found.kind !== 'found') return found
    const identifier = await identifierOf(people, grantee)
    if (identifier === undefined) return noSuchAccount('grantee', grantee)
    let before = noRights
    const set = await mailbox.access.change(found.folder, identifier, (old) => {
      before = old
      return rights
    })
    switch (set.kind) {
      case 'no-such-folder':
        return noSuchFolder(address, path)
      case 'is-owner':
        return { kind: set.kind, field: 'grantee', value: grantee, account: address }
      case 'too-many':
        return { kind: 'too-many-grants', field: 'grantee', value: grantee, folder: path }
      case 'set': {
        const name = `${formatAddress(found.account.address)} ${path} ${grantee}`
        record({ what: 'grant', name, before: rightsFacts(before), after: rightsFacts(rights) })
        return { kind: 'set', rights: rights === noRights ? '' : formatRights(rights) }
      }
    }
  }

  return {
    async list({ address, folder: path }) {
      const found = await findAccount(address)
      if (found.kind !== 'found') return found
      const tree = await mailbox.folders.tree(found.account.id)
      const chosen =
        path === undefined ? undefined : await mailbox.folders.find(found.account.id, path)
      if (path !== undefined && chosen === undefined) return noSuchFolder(address, path)
      const looked: readonly FolderRecord[] = chosen === undefined ? tree.folders : [chosen]
      const grants: Grant[] = []
      for (const folder of looked.filter(({ shared }) => shared)) {
        const entries = await namedEntries(people, await mailbox.access.list(folder))
        for (const [grantee, rights] of entries) {
          grants.push({ folder: tree.pathOf(folder), grantee, rights: formatRights(rights) })
        }
      }
      grants.sort((a, b) => (a.folder < b.folder ? -1 : Number(a.folder > b.folder)))
      return { kind: 'grants', grants }
    },

    async set(request) {
      const rights = parseRights(request.rights)
      if (rights === undefined || rights === noRights) {
        return badValue('rights', request.rights, { name: 'rights', letters: RIGHTS_LETTERS })
      }
      return await change(request, rights)
    },

    remove: (request) => change(request, noRights),
  }
}

const rightsFacts = (rights: Rights) => (rights === noRights ? null : { rights })

const noSuchAccount = (field: 'address' | 'grantee', value: string): NoSuchAccount => ({
  kind: 'no-such-account',
  field,
  value,
})

const noSuchFolder = (account: string, path: string): NoSuchFolder => ({
  kind: 'no-such-folder',
  field: 'folder',
  value: path,
  account,
})
