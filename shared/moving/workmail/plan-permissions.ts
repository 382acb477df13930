// Permissions on mailboxes: FULL_ACCESS becomes rights in every folder (RFC 4314), SEND_AS and SEND_ON_BEHALF logins that may use the address as
// sender. A group that was given something is taken apart into people: rights here are people's.

import type { Organization, Permission } from './organization.ts'
import { nowhere, type PlannedGrant, type Planning, type Profile } from './planning.ts'

/** All but `a`: who reads and files mail gives nobody rights. */
export const FULL_ACCESS_RIGHTS = 'lrswipkxte'

export function planPermissions(
  { users, groups, resources }: Organization,
  profiles: ReadonlyMap<string, Profile>,
  planning: Planning,
): readonly PlannedGrant[] {
  const { known, note, add } = planning
  const grants: PlannedGrant[] = []
  const senders: string[] = []
  for (const { id, permissions } of [...users, ...groups, ...resources]) {
    const address = known.addressOf(id)
    if (address === undefined) continue
    for (const permission of permissions) {
      const grantees = granteesOf(permission, address, planning).filter((one) => one !== address)
      if (permission.words.includes('FULL_ACCESS')) {
        if (profiles.has(address)) {
          grants.push(
            ...grantees.map((grantee) => ({ address, grantee, rights: FULL_ACCESS_RIGHTS })),
          )
        } else
          note('not-needed', address, 'it has no folders here in which somebody could have rights')
      }
      if (permission.words.includes('SEND_AS') || permission.words.includes('SEND_ON_BEHALF')) {
        senders.push(...entriesOf(address, grantees, note))
      }
    }
  }
  if (senders.length > 0) {
    const text = [...new Set(senders)].join(', ')
    add({ kind: 'setting', path: 'smtpdSenderLoginMaps', text, from: nowhere })
  }
  return grants
}

function granteesOf(
  permission: Permission,
  address: string,
  { known, note }: Planning,
): readonly string[] {
  return known.peopleOf([permission], (grantee, why) =>
    note('differs', address, `${grantee} has no ${permission.words.join(' and ')} on it: ${why}`),
  )
}

function entriesOf(
  address: string,
  logins: readonly string[],
  note: Planning['note'],
): readonly string[] {
  // What ends an entry of the setting may stand in a quoted local part.
  const isPlain = (text: string) => !/[\s,="]/.test(text)
  return logins.flatMap((login) => {
    if (isPlain(address) && isPlain(login)) return `${address}=${login}`
    note('to-do', address, `${login} may send as it there; the setting cannot say that address`)
    return []
  })
}
