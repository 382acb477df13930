import type { Command } from 'commander'
import type { JobFacts } from '#shared/jobs/job.ts'
import { printable } from '#shared/runtime/printable.ts'
import type { Define } from './define.ts'
import { explainRow } from './import-text.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'
import type { JobShown } from './services.ts'

const LIST_ENTRIES = 100

/** `postwolke job …`: what takes longer than a request, as a server does it. */
export function jobCommands(parent: Command, define: Define): void {
  const job = parent.command('job').description('long work that a server does')

  define(job.command('list'), {
    about: `list the last ${LIST_ENTRIES} jobs, the newest first`,
    async run({ services: { jobs }, output }) {
      const { items } = await jobs.page({ limit: LIST_ENTRIES })
      output.print(items.map(shown), (width) =>
        items.length === 0
          ? ['there is no job']
          : columns(
              ['ID', 'KIND', 'STATE', 'DONE', 'FAILED', 'OF', 'BEGUN', 'BY'],
              items.map((one) => [
                ...[one.id, one.kind, one.state, String(one.done), String(one.failed)],
                ...[one.total === null ? '-' : String(one.total), formatTime(one.begunMs)],
                one.owner.name,
              ]),
              width,
            ),
      )
    },
  })

  const oneJob = (
    name: string,
    about: string,
    act: 'get' | 'cancel' | 'undo',
    said: (job: JobFacts) => readonly string[],
  ) =>
    define(job.command(`${name} <id>`), {
      about,
      async run({ services: { jobs }, output }, [id]) {
        const found: JobShown = await jobOr(jobs[act](id))
        output.print(shown(found.job), () => said(found.job))
      },
    })

  oneJob('show', 'show how far a job is', 'get', lines)
  oneJob('cancel', 'end a job before its next part; what is done stays done', 'cancel', (one) => [
    `job ${one.id} ${one.isCancelling ? 'ends' : `is ${one.state}`}`,
  ])
  oneJob(
    'undo',
    'remove what an import of a server added and that got no mail since, as another job',
    'undo',
    (one) => [`job ${one.id} begun; 'postwolke job show ${one.id}' tells how far it is`],
  )

  define(job.command('errors <id>'), {
    about: 'list the rows of a job that could not be done, with the reason',
    async run({ services: { jobs }, output }, [id]) {
      await jobOr(jobs.get(id))
      const rows: { readonly line: number; readonly key: string; readonly reason: string }[] = []
      let after: string | undefined
      do {
        const page = await jobs.errors(id, after)
        rows.push(
          ...page.items.map(({ line, key, refusal }) => ({
            ...{ line, key, reason: explainRow(refusal as Parameters<typeof explainRow>[0]) },
          })),
        )
        after = page.next
      } while (after !== undefined)
      output.print(rows, (width) =>
        columns(
          ['LINE', 'OF', 'WHY'],
          rows.map(({ line, key, reason }) => [String(line), key, reason]),
          width,
        ),
      )
    },
  })

  define(job.command('output <id>'), {
    about: 'print what a job made, as far as it is',
    async run({ services: { jobs }, process }, [id]) {
      await jobOr(jobs.get(id))
      const { write, writeBytes, isTerminal } = process
      for await (const part of jobs.output(id)) {
        if (isTerminal || writeBytes === undefined) {
          write(Buffer.from(part).toString('utf8').split('\n').map(printable).join('\n'))
        } else await writeBytes(part)
      }
    },
  })
}

async function jobOr<T extends { readonly kind: string }>(
  asked: Promise<T>,
): Promise<Extract<T, { readonly kind: 'job' }>> {
  const found = await asked
  if (found.kind === 'job') return found as Extract<T, { readonly kind: 'job' }>
  throw refused(found as unknown as Parameters<typeof refused>[0])
}

const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

const shown = ({ begunMs, startedMs, endedMs, owner, isCancelling, ...job }: JobFacts) => ({
  ...{ id: job.id, kind: job.kind, about: job.about, by: owner.name, state: job.state },
  ...{ cancelling: isCancelling, begun: formatTime(begunMs), started: timeOrNull(startedMs) },
  ...{ ended: timeOrNull(endedMs), done: job.done, failed: job.failed, total: job.total },
  ...{ counts: job.counts, rate: job.rate, secondsLeft: job.secondsLeft, reason: job.reason },
  hasOutput: job.outputParts > 0,
})

const lines = (job: JobFacts) => [
  `job     ${job.id} (${job.kind}), begun ${formatTime(job.begunMs)} by ${job.owner.name}`,
  `state   ${job.state}${job.reason === null ? '' : `: ${job.reason}`}`,
  `done    ${job.done}${job.total === null ? '' : ` of ${job.total}`}, ${job.failed} failed`,
  ...(job.secondsLeft === null ? [] : [`left    ${job.secondsLeft} s`]),
  ...Object.entries(job.counts).map(([name, count]) => `${name.padEnd(7)} ${count}`),
]
