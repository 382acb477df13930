// Imports over the API: the server checks and does all rows as a job. What it tells of rows that were done is how many; of others each.

import type { ImportAdministration, ImportWhat } from '#shared/administration/imports/imports.ts'
import type { Source } from '#shared/administration/imports/lines.ts'
import type { ImportOptions, RowOutcome } from '#shared/administration/imports/plan.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import { CommandFailure } from '../failure.ts'
import { textOf } from './directory.ts'
import type { RemoteJobs } from './jobs.ts'

type Row = { readonly line: number; readonly key: string; readonly refusal: Refusal }

const doneKinds = ['added', 'changed', 'unchanged'] as const

export function remoteImports(jobs: RemoteJobs): ImportAdministration {
  const begin = (what: ImportWhat, source: Source, { update, dryRun }: ImportOptions) =>
    jobs.begin({
      method: 'POST',
      path: '/imports',
      query: { what, update, rehearse: dryRun },
      file: { type: 'text/csv', bytes: textOf(source) },
    })

  async function ended(job: JobFacts): Promise<JobFacts> {
    let last = job
    for await (const now of jobs.follow(job)) last = now
    return last
  }

  async function errorsOf({ id }: JobFacts): Promise<readonly Row[]> {
    const rows: Row[] = []
    let after: string | undefined
    do {
      const page = await jobs.errors(id, after)
      rows.push(...(page.items as readonly Row[]))
      after = page.next
    } while (after !== undefined)
    return rows
  }

  async function* run(
    what: ImportWhat,
    source: Source,
    options: ImportOptions,
  ): AsyncGenerator<RowOutcome> {
    const told = { added: 0, changed: 0, unchanged: 0 }
    let last: JobFacts | undefined
    for await (const job of jobs.follow(await begin(what, source, options))) {
      last = job
      for (const kind of doneKinds) {
        for (; told[kind] < (job.counts[kind] ?? 0); told[kind]++) yield { kind, line: 0, key: '' }
      }
    }
    if (last === undefined) return
    for (const row of await errorsOf(last)) yield { kind: 'refused', ...row }
    if (last.state === 'failed') {
      throw new CommandFailure(`the import ended early: ${last.reason ?? ''}`, 'temporary')
    }
  }

  return {
    async plan(what, source) {
      const checked = await ended(await begin(what, source, { dryRun: true }))
      if (checked.state === 'failed') {
        const problems = await errorsOf(checked)
        const count = problems.length
        if (count > 0) return { kind: 'faulty', problems, count: checked.failed || count }
        throw new CommandFailure(`nothing was imported: ${checked.reason ?? ''}`, 'temporary')
      }
      return {
        kind: 'plan',
        rows: checked.total ?? checked.done + checked.failed,
        run: (options) => run(what, source, options),
        // The job has told its own.
        async *warnings() {},
      }
    },
  }
}
