// All of one's mail as files to take along.

import { useEffect } from 'preact/hooks'
import { API, call, get, prove } from '../../api/client.ts'
import { isEnded, type Job } from '../../api/jobs.ts'
import { mayOwn } from '../../api/session.ts'
import { Button } from '../../kit/button.tsx'
import { confirm } from '../../kit/dialog.tsx'
import { formatBytes, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { saveFrom } from '../../kit/save.ts'
import { JobStatus, Progress } from '../jobs/progress.tsx'

type Export = {
  readonly job: Job
  readonly volumes: readonly {
    readonly number: number
    readonly bytes: number
    readonly messages: number
  }[]
  readonly endsAt: string | null
}

const LOOK_MS = 3_000
const formats = ['mbox', 'maildir'] as const

export function Takeout({ path }: { readonly path: string }) {
  const own = `${path}/exports`
  const exports = useResource(own, (signal) =>
    get<{ readonly data: readonly Export[] }>(own, {}, signal),
  )
  const { value, reload } = exports
  const isOpen = value?.data.some(({ job }) => !isEnded(job)) ?? false
  useEffect(() => {
    if (!isOpen) return
    const timer = setTimeout(reload, LOOK_MS)
    return () => clearTimeout(timer)
  }, [value])
  if (!mayOwn('mail.takeout')) return null
  const begin = async (format: (typeof formats)[number]) => {
    await call('POST', own, { body: { format } })
    reload()
  }
  const take = async ({ job }: Export, number: number) => {
    if (await prove()) saveFrom(`${API}${own}/${job.id}/volumes/${number}`)
  }
  const remove = async ({ job }: Export) => {
    const act = () => call('DELETE', `${own}/${job.id}`)
    const question = { title: t('takeout.delete'), text: <p>{t('takeout.deleteText')}</p> }
    if (await confirm({ ...question, verb: t('act.delete'), isDangerous: true, act })) reload()
  }
  return (
    <Panel title={t('takeout.title')}>
      <p class="hint">{t('takeout.text')}</p>
      {!isOpen && (
        <div class="panel-actions">
          {formats.map((format) => (
            <Button key={format} onPress={() => begin(format)}>
              {t(`takeout.${format}`)}
            </Button>
          ))}
        </div>
      )}
      <Loaded of={exports} lines={1}>
        {({ data }) => (
          <ul class="items">
            {data.map((one) => (
              <li key={one.job.id}>
                <div>
                  <Time at={one.job.createdAt} /> <JobStatus job={one.job} />
                  {isEnded(one.job) ? (
                    one.volumes.length > 0 &&
                    one.endsAt !== null && (
                      <div class="meta">
                        {t('takeout.until')} <Time at={one.endsAt} />
                      </div>
                    )
                  ) : (
                    <Progress job={one.job} />
                  )}
                  {one.volumes.map(({ number, bytes, messages }) => (
                    <div key={number}>
                      <Button onPress={() => take(one, number)}>
                        {t('takeout.file', { number, size: formatBytes(bytes) })}
                      </Button>{' '}
                      <span class="meta">{t('account.messageCount', { count: messages })}</span>
                    </div>
                  ))}
                </div>
                <Button onPress={() => remove(one)}>{t('act.delete')}</Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  )
}
