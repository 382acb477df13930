// One job: how far it is, what it could not do, and that as a file to be corrected and sent again.

import { useEffect } from 'preact/hooks'
import { API } from '../../api/client.ts'
import { cancelJob, isEnded, type Job, type JobError, readErrors, readJob } from '../../api/jobs.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { useEvents } from '../../kit/events.ts'
import { explainRefusal } from '../../kit/failure.tsx'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Fact, Facts, Loaded, Page, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { saveText } from '../../kit/save.ts'
import { toast } from '../../kit/toast.tsx'
import type { ScreenParams } from '../../screen.ts'
import { failureText } from './failure-text.ts'
import { JobStatus, kindText, Progress } from './progress.tsx'

/** Where no event comes. */
const ASK_MS = 5_000

export function screen({ params }: { readonly params: ScreenParams }) {
  const { job: id = '' } = params
  const job = useResource(id, (signal) => readJob(id, signal))
  const isRunning = job.value !== undefined && !isEnded(job.value)
  useEvents(
    'jobs',
    ({ data }) => {
      if ((data as Job).id === id) job.reload()
    },
    job.reload,
  )
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => document.visibilityState === 'visible' && job.reload(), ASK_MS)
    return () => clearInterval(timer)
  }, [isRunning])
  const cancel = async () => {
    const { body } = await cancelJob(id)
    job.set(body)
    toast({ text: t('job.cancelAsked') })
  }
  return (
    <Page
      title={job.value === undefined ? t('service.jobs') : kindText(job.value)}
      back={{ href: '/jobs', label: t('service.jobs') }}
      actions={
        <>
          <CopyAs path={`/jobs/${id}`} />
          {isRunning && <Button onPress={cancel}>{t('act.cancel')}</Button>}
        </>
      }
    >
      <Loaded of={job} lines={5}>
        {(value) => (
          <div class="stack">
            <Panel title={t('job.progress')}>
              <div role="status">
                <JobStatus job={value} />
              </div>
              <Progress job={value} />
              {failureText(value) !== null && (
                <p class="notice bad">
                  <Foreign text={failureText(value) ?? ''} />
                </p>
              )}
              <Facts>
                <Fact name={t('job.by')}>{value.startedBy}</Fact>
                <Fact name={t('job.begun')}>
                  <Ago at={value.createdAt} />
                </Fact>
                {value.endedAt !== null && (
                  <Fact name={t('job.ended')}>
                    <Ago at={value.endedAt} />
                  </Fact>
                )}
                {Object.entries(value.about)
                  .filter(([, fact]) => fact !== null)
                  .map(([name, fact]) => (
                    <Fact key={name} name={tIfKnown(`job.about.${name}`) ?? name}>
                      {typeof fact === 'boolean' ? (
                        t(fact ? 'yes' : 'no')
                      ) : (
                        <Foreign text={String(fact)} />
                      )}
                    </Fact>
                  ))}
                {Object.entries(value.counts).map(([name, count]) => (
                  <Fact key={name} name={tIfKnown(`job.count.${name}`) ?? name}>
                    {name === 'bytes' ? formatBytes(count) : formatCount(count)}
                  </Fact>
                ))}
              </Facts>
              {value.hasOutput && isEnded(value) && (
                <div>
                  <ButtonLink href={`${API}/jobs/${id}/output`} download>
                    {t('job.output')}
                  </ButtonLink>
                </div>
              )}
            </Panel>
            {value.failed > 0 && <Failures job={value} />}
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Failures({ job: { id, failed, state } }: { readonly job: Job }) {
  const errors = useResource(`${id} ${failed}`, (signal) => readErrors(id, signal))
  return (
    <Panel
      title={t('job.failedRows', { count: failed })}
      actions={<Button onPress={() => saveErrors(id)}>{t('job.asCsv')}</Button>}
    >
      <p class="meta">{t(state === 'failed' ? 'job.correctAll' : 'job.correct')}</p>
      <Loaded of={errors}>
        {({ data }) => (
          <div class="scroll-x">
            <table>
              <thead>
                <tr>
                  <th scope="col" class="number">
                    {t('job.line')}
                  </th>
                  <th scope="col">{t('job.row')}</th>
                  <th scope="col">{t('queue.reason')}</th>
                </tr>
              </thead>
              <tbody>
                {data.map((error) => (
                  <tr key={`${error.line} ${error.key}`}>
                    <td class="number">{error.line > 0 ? formatCount(error.line) : ''}</td>
                    <td>
                      <Foreign text={error.key} isMono />
                    </td>
                    <td>{explained(error)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Panel>
  )
}

/** Each row that failed with what is wrong with it; the first column is what it was about. */
async function saveErrors(id: string): Promise<void> {
  const lines = ['key,line,reason\n']
  let cursor: string | undefined
  do {
    const { data, next } = await readErrors(id, undefined, cursor)
    for (const error of data) {
      lines.push(`${[error.key, String(error.line), explained(error)].map(cell).join(',')}\n`)
    }
    cursor = next ?? undefined
  } while (cursor !== undefined)
  saveText(`${id}.csv`, lines.join(''), 'text/csv')
}

/** RFC 4180 §2; what a spreadsheet would run is text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

const explained = ({ refusal }: JobError): string => explainRefusal(refusal)
