// A job as an event: whoever began it sees it, and who sees the whole service.

import type { NewEvent } from '#shared/events/event.ts'
import type { JobFacts } from '#shared/jobs/job.ts'

export const jobEvent = (job: JobFacts, atMs: number): NewEvent => ({
  topic: 'jobs',
  scope: {
    domains: [],
    accountIds: job.owner.accountId === null ? [] : [job.owner.accountId],
  },
  atMs,
  data: () => {
    const { id, kind, state, done, failed, total, rate, secondsLeft } = job
    return { id, kind, state, done, failed, total, rate, secondsLeft }
  },
})
