// Jobs of a server: begun by an operation, looked at until they end.

import type { JobFacts, JobId } from '#shared/jobs/job.ts'
import { isEnded } from '#shared/jobs/job.ts'
import { CommandFailure } from '../failure.ts'
import type { CommandJobs } from '../services.ts'
import { type ApiClient, type Asked, msOf, msOrNull, type Page, path } from './client.ts'

type JobBody = Omit<
  JobFacts,
  'id' | 'owner' | 'isCancelling' | 'begunMs' | 'startedMs' | 'endedMs' | 'outputParts'
> & {
  readonly id: string
  readonly startedBy: string
  readonly cancelling: boolean
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly hasOutput: boolean
}

export interface RemoteJobs extends CommandJobs {
  begin(asked: Asked): Promise<JobFacts>
  /** As it is now and then, the last time when it has ended; what ended otherwise than well ends the command. */
  follow(job: JobFacts): AsyncGenerator<JobFacts>
}

/** Between two looks: short jobs are not waited for long, long ones not asked about all the time. */
const LOOK_MS = [100, 200, 500, 1_000]

export function remoteJobs(client: ApiClient, pause: (ms: number) => Promise<unknown>): RemoteJobs {
  const get = async (id: string) =>
    jobOf(await client.ask<JobBody>({ method: 'GET', path: path`/jobs/${id}` }))
  const shown = (job: JobFacts) => ({ kind: 'job', job }) as const

  return {
    begin: async (asked) => jobOf(await client.ask<JobBody>(asked)),

    async *follow(begun) {
      let job = begun
      for (let looks = 0; ; looks++) {
        yield job
        if (isEnded(job.state)) break
        await pause(LOOK_MS[Math.min(looks, LOOK_MS.length - 1)] ?? 0)
        job = await get(job.id)
      }
      if (job.state === 'cancelled') throw new CommandFailure(`job ${job.id} was cancelled`)
    },

    async page({ limit, after }) {
      const query = { limit, cursor: after }
      const page: Page<JobBody> = await client.ask({ method: 'GET', path: '/jobs', query })
      return {
        items: page.data.map(jobOf),
        ...(page.next !== null && { next: page.next as JobId }),
      }
    },
    get: async (id) => shown(await get(id)),
    async cancel(id) {
      const asked = { method: 'POST', path: path`/jobs/${id}:cancel` } as const
      return shown(jobOf(await client.ask<JobBody>(asked)))
    },
    async errors(id, after) {
      const page: Page<{ readonly line: number; readonly key: string; readonly refusal: unknown }> =
        await client.ask({
          method: 'GET',
          path: path`/jobs/${id}/errors`,
          query: { cursor: after },
        })
      return { items: page.data, ...(page.next !== null && { next: page.next }) }
    },
    async *output(id) {
      yield* await client.stream({ method: 'GET', path: path`/jobs/${id}/output` })
    },
    async undo(id) {
      const asked = { method: 'POST', path: path`/imports/${id}:undo` } as const
      return shown(jobOf(await client.ask<JobBody>(asked)))
    },
  }
}

const jobOf = (body: JobBody): JobFacts => {
  const { startedBy, cancelling, createdAt, startedAt, endedAt, hasOutput, ...facts } = body
  return {
    ...facts,
    id: body.id as JobId,
    owner: { accountId: null, name: startedBy },
    isCancelling: cancelling,
    begunMs: msOf(createdAt),
    startedMs: msOrNull(startedAt),
    endedMs: msOrNull(endedAt),
    outputParts: hasOutput ? 1 : 0,
  }
}
