// The runner of jobs on a store.

import { indexWhereMissing } from '#shared/administration/jobs/index-directory.ts'
import { jobEvent } from '#shared/administration/jobs/job-event.ts'
import { createJobKinds } from '#shared/administration/jobs/kinds.ts'
import type { Machine } from '#shared/administration/status.ts'
import { createWordIndex } from '#shared/directory/word-index.ts'
import { createJobRunner, type JobRunner } from '#shared/jobs/runner.ts'
import type { VolumeLimits } from '#shared/moving/export/volumes.ts'
import { assembleAdministration } from './administration.ts'
import type { Backend } from './backend.ts'

/** `machine`: where the system runs, if that is one. `volumeLimits`: of exports of mailboxes, if they are others than usual. */
export function assembleJobRunner(
  backend: Backend,
  {
    machine,
    volumeLimits,
  }: { readonly machine?: Machine; readonly volumeLimits?: VolumeLimits } = {},
): JobRunner {
  const { store, clock, events, directory, mailbox, takeouts } = backend
  const log = backend.log.child({ service: 'jobs' })
  // Whoever began a job is told with it; what it changes one by one is counted.
  const administration = assembleAdministration(backend, () => {})
  return createJobRunner({
    table: store.tables.counters,
    kinds: createJobKinds({
      administration,
      directory,
      words: createWordIndex(store.tables.directory),
      async *diagnose() {
        // Loaded when somebody wants to know.
        const { assembleDoctor, doctorDomains } = await import('./doctor.ts')
        const domains = await doctorDomains(administration)
        yield* assembleDoctor(backend, { machine, domains })
      },
      mailExports: {
        ...{ takeouts, clock, limits: volumeLimits },
        objects: store.objects,
        usage: mailbox.usage,
      },
    }),
    clock,
    log,
    onChange: (job) => events.publish(jobEvent(job, clock.now())),
  })
}

/** Once a process starts that works on jobs. */
export const indexDirectoryWhereMissing = ({ store, jobs }: Backend): Promise<void> =>
  indexWhereMissing(createWordIndex(store.tables.directory), jobs)

/** Before the time of a function is over: a slice takes some seconds. */
const STOP_BEFORE_END_MS = 30_000

/** For a function that is woken by whoever begins a job, and every minute: what is not done in its time goes on with the next. */
export async function workOnJobs(backend: Backend, leftMs: () => number): Promise<void> {
  await indexDirectoryWhereMissing(backend)
  const signal = AbortSignal.timeout(Math.max(0, leftMs() - STOP_BEFORE_END_MS))
  await assembleJobRunner(backend).run({ signal })
}
