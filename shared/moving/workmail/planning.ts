// What a plan of WorkMail's is made of, and what its makers are given.

import type { MovingPlan, NoteKind, PlannedItem } from '../configurations/plan.ts'
import type { KnownEntities } from './known-entities.ts'

export type WorkMailPlan = Pick<MovingPlan, 'items' | 'notes'> & {
  readonly from: 'workmail'
  /** Of accounts among the items, by their addresses. */
  readonly profiles: ReadonlyMap<string, Profile>
  readonly grants: readonly PlannedGrant[]
}

/** `shared`: nobody's own, as a room is. `megabytes`: what it has there. */
export type Profile = {
  readonly displayName: string
  readonly shared: boolean
  readonly workMailId: string
  readonly megabytes: number | null
}

/** In every folder that the account has. */
export type PlannedGrant = {
  readonly address: string
  readonly grantee: string
  readonly rights: string
}

export type Planning = {
  readonly known: KnownEntities
  readonly add: (item: PlannedItem) => void
  readonly account: (address: string, profile: Profile, quotaMegabytes: number | null) => void
  readonly note: (kind: NoteKind, about: string, reason: string) => void
}

/** The API has no lines. */
export const nowhere = { file: 'WorkMail', line: 0 } as const

/** Its other addresses lead to it. */
export function planAliases(id: string, address: string, { known, add }: Planning): void {
  for (const alias of known.otherAddressesOf(id)) {
    add({ kind: 'alias', alias, targets: [address], from: nowhere })
  }
}
