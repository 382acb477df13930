// How many jobs of one account may be open: each keeps its text until it is over, and takes its turn with those of others.

import { isEnded, type JobOwner } from '#shared/jobs/job.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { TooMany } from '../refusals.ts'

export const OPEN_JOBS_MAX = 10
/** The newest of his; they are done in their order. */
const JOBS_LOOKED_AT = 50

/** Undefined: another may be begun. Whoever runs the machine has no such limit. */
export async function tooManyJobs(
  jobs: Pick<Jobs, 'page'>,
  { accountId, name }: JobOwner,
): Promise<TooMany | undefined> {
  if (accountId === null) return undefined
  const { items } = await jobs.page({ account: accountId, limit: JOBS_LOOKED_AT })
  const open = items.filter(({ state }) => !isEnded(state)).length
  return open < OPEN_JOBS_MAX
    ? undefined
    : { kind: 'too-many', field: 'job', value: name, max: OPEN_JOBS_MAX }
}
