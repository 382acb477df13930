import type { AccountRecord } from '#shared/directory/records.ts'
import type { Subject } from './rights/actor.ts'

/** An account as what an operation is about. */
export const accountSubject = ({ id, address, role }: AccountRecord): Subject => ({
  kind: 'account',
  accountId: id,
  domain: address.domain,
  role: role?.name ?? 'holder',
  roleDomains: role?.domains ?? [],
})
