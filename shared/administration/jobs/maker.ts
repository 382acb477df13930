// Who began a job or made a link, as he is now: it goes no further than its maker may today, however long ago it was begun.

import type { Accounts } from '#shared/directory/accounts.ts'
import { type AccountRecord, isContained } from '#shared/directory/records.ts'
import { JobFailure } from '#shared/jobs/failure.ts'
import type { JobOwner } from '#shared/jobs/job.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { accountSubject } from '../account-subject.ts'
import type { MoreRights, NoSuchAccount } from '../refusals.ts'
import type { Actor } from '../rights/actor.ts'
import { allowed, extentOf } from '../rights/allowed.ts'
import type { Right } from '../rights/rights.ts'

/** JobFailure where there is nobody any more who might. */
export async function makerOf(owner: JobOwner, accounts: Pick<Accounts, 'byId'>): Promise<Actor> {
  const maker = await findMaker(owner, accounts)
  if (maker !== undefined) return maker
  throw new JobFailure({ kind: 'maker-gone', name: owner.name })
}

/** Undefined: he is gone, may not sign in, or somebody else has taken his account over (`contain`). */
export async function findMaker(
  { accountId, name }: JobOwner,
  accounts: Pick<Accounts, 'byId'>,
): Promise<Actor | undefined> {
  // Whatever it was begun with was fresh then.
  const then = { scopes: null, via: 'token', steppedUpMs: null } as const
  if (accountId === null) return { ...then, accountId, name, role: 'owner', domains: [] }
  const account = await accounts.byId(accountId)
  if (!account?.enabled || isContained(account)) return undefined
  const { name: role = 'holder', domains = [] } = account.role ?? {}
  return { ...then, accountId, name, role, domains }
}

/** Domains in which he may; undefined: everywhere. JobFailure where that is nowhere, or not all of `wanted`. */
export async function reachOfMaker(
  owner: JobOwner,
  accounts: Pick<Accounts, 'byId'>,
  right: Right,
  wanted: readonly string[] | undefined,
): Promise<readonly Domain[] | undefined> {
  const extent = extentOf(await makerOf(owner, accounts), right)
  if (extent?.kind === 'all') return undefined
  const domains = extent?.kind === 'domains' ? extent.domains : []
  const isWithin = wanted?.every((one) => domains.some((domain) => domain === one)) ?? false
  if (domains.length > 0 && isWithin) return domains
  throw new JobFailure({ kind: 'maker-may-not', name: owner.name })
}

/** Undefined: he may. */
export function refusalOf(
  maker: Actor,
  right: Right,
  account: AccountRecord,
): NoSuchAccount | MoreRights | undefined {
  // Tokens step up with nothing, so the time makes no difference.
  const answer = allowed(maker, right, accountSubject(account), 0)
  if (answer.kind === 'yes') return undefined
  const kind = answer.kind === 'no' ? 'more-rights' : 'no-such-account'
  return { kind, field: 'address', value: formatAddress(account.address) }
}
