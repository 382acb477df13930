// Work that takes longer than somebody waits for it: the newest first.

import type { Job } from '../../api/jobs.ts'
import { useEvents } from '../../kit/events.ts'
import { Ago } from '../../kit/format.tsx'
import { useKeyset } from '../../kit/keyset.ts'
import { t } from '../../kit/language.ts'
import { Empty, Page } from '../../kit/panel.tsx'
import { Table } from '../../kit/table.tsx'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { segment } from '../../routes.ts'
import { JobStatus, kindText, Progress } from './progress.tsx'

export function screen() {
  const list = useKeyset<Job>('/jobs', {})
  useEvents(
    'jobs',
    ({ data }) => {
      const job = data as Job
      // One that is not there yet comes with the next load: rows are not pushed.
      list.put(({ id }) => id === job.id, job)
    },
    list.reload,
  )
  return (
    <Page title={t('service.jobs')}>
      <ServiceTabs current="jobs" />
      <Table
        label={t('service.jobs')}
        rows={list.rows}
        list={list}
        keyOf={({ id }) => id}
        hrefOf={({ id }) => `/jobs/${segment(id)}`}
        columns={[
          { key: 'kind', title: t('job.what'), width: 'minmax(0, 2fr)', cell: kindText },
          {
            key: 'state',
            title: t('queue.state'),
            width: '9rem',
            onPhone: 'beside',
            cell: (job) => <JobStatus job={job} />,
          },
          {
            key: 'progress',
            title: t('job.progress'),
            width: 'minmax(0, 3fr)',
            onPhone: 'below',
            cell: (job) => <Progress job={job} />,
          },
          {
            key: 'by',
            title: t('job.by'),
            width: 'minmax(0, 1fr)',
            cell: ({ startedBy }) => startedBy,
          },
          {
            key: 'begun',
            title: t('job.begun'),
            width: '9.5rem',
            isNumber: true,
            cell: ({ createdAt }) => <Ago at={createdAt} />,
          },
        ]}
        empty={
          <Empty icon="service" title={t('jobs.empty')} command="postwolke account import FILE">
            <p>{t('jobs.emptyText')}</p>
          </Empty>
        }
      />
    </Page>
  )
}
