// How far a job is: done of so many, how fast, how long still.

import { isEnded, type Job, type JobState } from '../../api/jobs.ts'
import { formatCount, formatDuration } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Status } from '../../kit/panel.tsx'

const looks = {
  waiting: 'info',
  running: 'info',
  done: 'ok',
  failed: 'bad',
  cancelled: 'warn',
} as const satisfies { readonly [state in JobState]: string }

export function JobStatus({ job }: { readonly job: Job }) {
  const look = job.state === 'done' && job.failed > 0 ? 'warn' : looks[job.state]
  const isEnding = job.cancelling && !isEnded(job)
  return <Status look={look}>{isEnding ? t('job.cancelling') : t(`job.state.${job.state}`)}</Status>
}

export const kindText = ({ kind }: Pick<Job, 'kind'>) => tIfKnown(`job.kind.${kind}`) ?? kind

export function Progress({ job }: { readonly job: Job }) {
  const { done, failed, total, rate, secondsLeft } = job
  const made = done + failed
  const share = total === null || total === 0 ? undefined : Math.min(1, made / total)
  return (
    <div class="progress-box">
      <progress
        aria-label={kindText(job)}
        {...(share !== undefined
          ? { value: share, max: 1 }
          : isEnded(job)
            ? { value: 1, max: 1 }
            : {})}
      />
      <span class="meta">
        {total === null
          ? t('job.doneSoFar', { count: made })
          : t('job.doneOf', { done: formatCount(made), total: formatCount(total) })}
        {failed > 0 && ` · ${t('job.failedRows', { count: failed })}`}
        {!isEnded(job) && rate >= 0.5 && ` · ${t('job.rate', { rate: Math.round(rate) })}`}
        {!isEnded(job) &&
          secondsLeft !== null &&
          ` · ${t('job.left', { time: formatDuration(secondsLeft * 1000) })}`}
      </span>
    </div>
  )
}
