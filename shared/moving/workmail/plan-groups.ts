// Groups become aliases with several targets. One in another with an address of its own stays an alias, which expansion follows; one without
// is taken apart.

import { ALIAS_TARGETS_MAX } from '#shared/directory/aliases.ts'
import type { Group } from './organization.ts'
import { nowhere, type Planning, planAliases } from './planning.ts'

export function planGroups(groups: readonly Group[], planning: Planning): void {
  const { known, note } = planning
  for (const group of groups) {
    const { id, name, email, state, members } = group
    if (state !== 'ENABLED' || email === null) {
      const why = email === null ? 'it has no address' : `it is ${state.toLowerCase()}`
      note('not-needed', email ?? name, `${why}, so no mail comes to it`)
      continue
    }
    const address = known.addressOf(id)
    if (address === undefined) {
      note('to-do', email, 'its addresses are all of the test domain; give it one in WorkMail')
      continue
    }
    const targets = known.addressesOfMembers(members, (member, why) =>
      note('differs', address, `without its member ${member}: ${why}`),
    )
    if (targets.length === 0) {
      note('to-do', address, 'nobody in it gets mail here; add an alias when somebody does')
      continue
    }
    addAlias(address, targets, planning)
    planAliases(id, address, planning)
  }
}

/** More than an alias may have are in several, to which the alias leads. */
function addAlias(alias: string, targets: readonly string[], { add, note }: Planning): void {
  if (targets.length <= ALIAS_TARGETS_MAX) {
    add({ kind: 'alias', alias, targets, from: nowhere })
    return
  }
  const at = alias.lastIndexOf('@')
  const parts: string[] = []
  for (let from = 0; from < targets.length; from += ALIAS_TARGETS_MAX) {
    const part = `${alias.slice(0, at)}-part-${parts.length + 1}${alias.slice(at)}`
    parts.push(part)
    const some = targets.slice(from, from + ALIAS_TARGETS_MAX)
    add({ kind: 'alias', alias: part, targets: some, from: nowhere })
  }
  add({ kind: 'alias', alias, targets: parts, from: nowhere })
  note('differs', alias, `its ${targets.length} members are in ${parts.length} aliases of its own`)
}
