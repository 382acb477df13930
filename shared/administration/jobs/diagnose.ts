// The doctor as a job: what it finds comes one by one, a line of NDJSON each, and the last one that ran says how the system is.

import type { Finding } from '#shared/contracts/finding.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { JobKind, JobWork } from '#shared/jobs/kind.ts'

export const DIAGNOSE = 'doctor'

/** Asks the network; what it finds comes in the same order each time. */
export type Diagnose = () => AsyncIterable<Finding>

/** What a peer says may stand in a finding. */
const FINDING_CHARACTERS_MAX = 2_000
/** Of jobs that are looked through for the last one. */
const JOBS_LOOKED_AT_MAX = 500
const PAGE_JOBS = 100

export function diagnosing({ diagnose }: { readonly diagnose: Diagnose }): JobKind {
  return {
    name: DIAGNOSE,
    async *run({ cursor }: JobWork<unknown>) {
      const told = Number(cursor)
      let n = 0
      for await (const finding of diagnose()) {
        // Kept by who was stopped behind it.
        if (++n <= told) continue
        const output = Buffer.from(`${JSON.stringify(shortened(finding))}\n`)
        yield { cursor: String(n), done: 1, counts: { [finding.state]: 1 }, output }
      }
    },
  }
}

const shortened = ({ found, next, ...finding }: Finding): Finding => ({
  ...finding,
  found: found.slice(0, FINDING_CHARACTERS_MAX),
  ...(next !== undefined && { next: next.slice(0, FINDING_CHARACTERS_MAX) }),
})

/** Undefined: none that is still told of. */
export async function lastDiagnosis(jobs: Pick<Jobs, 'page'>): Promise<JobFacts | undefined> {
  let after: JobFacts['id'] | undefined
  for (let looked = 0; looked < JOBS_LOOKED_AT_MAX; looked += PAGE_JOBS) {
    const page = await jobs.page({ limit: PAGE_JOBS, ...(after && { after }) })
    const found = page.items.find(({ kind }) => kind === DIAGNOSE)
    if (found !== undefined || page.next === undefined) return found
    after = page.next
  }
  return undefined
}

/** As far as it is. */
export async function findingsOf(
  jobs: Pick<Jobs, 'output'>,
  { id }: Pick<JobFacts, 'id'>,
): Promise<readonly Finding[]> {
  const text = Buffer.concat(await Array.fromAsync(jobs.output(id))).toString()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Finding => JSON.parse(line))
}
