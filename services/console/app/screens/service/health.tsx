// What runs here, what it stands on, and what a doctor finds.

import { call } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { useEvents } from '../../kit/events.ts'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Empty, Fact, Facts, Loaded, Meter, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { ServiceTabs } from '../../parts/service-tabs.tsx'
import { JobStatus } from '../jobs/progress.tsx'
import { type Diagnosis, readDiagnosis, readService, type Service } from './service-api.ts'

export function screen() {
  const service = useResource('service', readService)
  return (
    <Page title={t('health.title')} actions={<CopyAs path="/service" command="postwolke status" />}>
      <ServiceTabs current="health" />
      <div class="stack">
        <Loaded of={service} lines={6}>
          {(value) => <Running service={value} />}
        </Loaded>
        <Doctor />
      </div>
    </Page>
  )
}

function Running({ service }: { readonly service: Service }) {
  const { disk, listeners, queue } = service
  return (
    <div class="panels">
      <Panel title={t('health.running')}>
        <Facts>
          <Fact name={t('health.version')}>
            {service.version} <span class="meta">Node {service.node}</span>
          </Fact>
          <Fact name={t('health.since')}>
            {service.startedAt === null ? t('health.elsewhere') : <Ago at={service.startedAt} />}
          </Fact>
          <Fact name={t('entry.queue')}>
            <a href="/queue">
              {t('health.queue', {
                waiting: formatCount(queue.incoming + queue.waiting),
                held: formatCount(queue.held),
              })}
            </a>
          </Fact>
        </Facts>
      </Panel>
      <Panel title={t('health.disk')}>
        {disk === null ? (
          <p class="meta">{t('health.elsewhere')}</p>
        ) : (
          <>
            <p>
              {t('health.free', {
                free: formatBytes(disk.freeBytes),
                all: formatBytes(disk.bytes),
              })}
            </p>
            <Meter value={disk.bytes - disk.freeBytes} of={disk.bytes} label={t('health.disk')} />
            {disk.isReadOnly && <Status look="bad">{t('health.readOnly')}</Status>}
          </>
        )}
      </Panel>
      <Panel title={t('health.listeners')}>
        {listeners.length === 0 ? (
          <p class="meta">{t('health.elsewhere')}</p>
        ) : (
          <Facts>
            {listeners.map(({ name, address, port }) => (
              <Fact key={name} name={name}>
                <span class="mono">
                  {address}:{port}
                </span>
              </Fact>
            ))}
          </Facts>
        )}
      </Panel>
    </div>
  )
}

function Doctor() {
  const diagnosis = useResource('doctor', readDiagnosis)
  useEvents('jobs', () => diagnosis.reload(), diagnosis.reload)
  const run = async () => {
    await call('POST', '/doctor', { body: {} })
    diagnosis.reload()
  }
  return (
    <Panel
      title={t('doctor.title')}
      actions={may('service.act') && <Button onPress={run}>{t('doctor.run')}</Button>}
    >
      <Loaded of={diagnosis}>{(value) => <Findings diagnosis={value} />}</Loaded>
    </Panel>
  )
}

function Findings({ diagnosis: { job, findings } }: { readonly diagnosis: Diagnosis }) {
  if (job === null) {
    return (
      <Empty icon="service" title={t('doctor.empty')} command="postwolke doctor">
        <p>{t('doctor.emptyText')}</p>
      </Empty>
    )
  }
  return (
    <>
      <p>
        <JobStatus job={job} /> <Ago at={job.createdAt} />
      </p>
      <ul class="findings">
        {findings.map(({ check, of, state, found, next }) => (
          <li key={`${check} ${of}`}>
            <Status look={state === 'unknown' ? 'info' : state}>
              <span class="mono">{check}</span>
            </Status>{' '}
            <Foreign text={of} isMono /> <Foreign text={found} />
            {next !== undefined && (
              <div class="meta">
                <Foreign text={next} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
