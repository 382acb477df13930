// Imports of mail over the API: the server reads the other one itself, as a job. What it made is the report.

import type { MailImportLine } from '#shared/administration/jobs/mail-import-progress.ts'
import type { Refusal } from '#shared/administration/refusals.ts'
import type { JobFacts } from '#shared/jobs/job.ts'
import type { CommandMailImports, MailImportRequest } from '../services.ts'
import type { RemoteJobs } from './jobs.ts'

export function remoteMailImports(jobs: RemoteJobs): CommandMailImports {
  async function* refusalsOf({ id }: JobFacts): AsyncGenerator<Refusal> {
    let after: string | undefined
    do {
      const page = await jobs.errors(id, after)
      for (const { refusal } of page.items) yield refusal as Refusal
      after = page.next
    } while (after !== undefined)
  }

  return {
    async *follow(request: MailImportRequest) {
      const asked = { method: 'POST', path: '/mail-imports', body: request } as const
      yield* jobs.follow(await jobs.begin(asked))
    },
    async report(job) {
      const parts = job.outputParts === 0 ? [] : await Array.fromAsync(jobs.output(job.id))
      const lines = Buffer.concat(parts).toString().split('\n').filter(Boolean)
      return {
        lines: lines.map((line): MailImportLine => JSON.parse(line)),
        refusals: await Array.fromAsync(refusalsOf(job)),
      }
    },
  }
}
