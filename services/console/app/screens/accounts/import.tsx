// Many accounts from a CSV file: tried without changing anything, then made, both as a job of the server. What fails comes back as a file that
// can be corrected and sent again; what was made can be taken back.

import { useEffect, useRef, useState } from 'preact/hooks'
import { call } from '../../api/client.ts'
import { errorsOf, followJob, type Job, type JobError } from '../../api/jobs.ts'
import { Button } from '../../kit/button.tsx'
import { explainFailure, explainRefusal } from '../../kit/failure.tsx'
import { Foreign, formatCount, formatDuration } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Page, Panel, Status } from '../../kit/panel.tsx'
import { saveText } from '../../kit/save.ts'
import { Table } from '../../kit/table.tsx'
import { failureText } from '../jobs/failure-text.ts'
import { failedCsv, parseCsv } from './csv.ts'

type Phase =
  | { readonly kind: 'chosen' }
  | { readonly kind: 'trying' | 'making' | 'undoing'; readonly job: Job | undefined }
  | {
      readonly kind: 'tried' | 'made' | 'undone' | 'faulty'
      readonly job: Job
      readonly errors: readonly JobError[]
    }

type Chosen = { readonly name: string; readonly text: string }

const EXAMPLE = 'address,password,quota\r\nann@example.org,a long password,2GB\r\n'
/** As much as the server takes at once. */
const FILE_BYTES_MAX = 24_000_000

export function screen() {
  const [file, setFile] = useState<Chosen>()
  const [failure, setFailure] = useState<string>()
  const [phase, setPhase] = useState<Phase>({ kind: 'chosen' })
  const ending = useRef(new AbortController())
  useEffect(() => {
    const mine = new AbortController()
    ending.current = mine
    return () => mine.abort()
  }, [])

  const choose = async (given: File | undefined) => {
    if (given === undefined) return
    setPhase({ kind: 'chosen' })
    if (given.size > FILE_BYTES_MAX) return setFailure(t('import.tooLarge'))
    setFailure(undefined)
    setFile({ name: given.name, text: await given.text() })
  }
  const run = async (
    during: 'trying' | 'making' | 'undoing',
    after: 'tried' | 'made' | 'undone',
    begin: () => Promise<Job>,
  ) => {
    const { signal } = ending.current
    setFailure(undefined)
    setPhase({ kind: during, job: undefined })
    try {
      const job = await followJob(
        await begin(),
        (seen) => setPhase({ kind: during, job: seen }),
        signal,
      )
      const errors = await errorsOf(job, signal)
      // Some rows are wrong already as they are written: nothing was done with any.
      const isFaulty = job.state === 'failed' && errors.length > 0
      if (job.state !== 'done' && !isFaulty) {
        setFailure(failureText(job) ?? t(`job.state.${job.state}`))
        return setPhase({ kind: 'chosen' })
      }
      setPhase({ kind: isFaulty ? 'faulty' : after, job, errors })
    } catch (error) {
      if (signal.aborted) return
      setFailure(explainFailure(error))
      setPhase({ kind: 'chosen' })
    }
  }
  const send = (rehearse: boolean) => async () => {
    const { body } = await call<Job>('POST', '/imports', {
      query: { what: 'accounts', ...(rehearse && { rehearse }) },
      body: file?.text ?? '',
      type: 'text/csv',
    })
    return body
  }
  const good = 'errors' in phase ? phase.job.done : 0
  return (
    <Page title={t('import.title')} back={{ href: '/accounts', label: t('accounts.title') }}>
      <Panel title={t('import.file')}>
        <p>{t('import.text')}</p>
        <pre class="command">{EXAMPLE}</pre>
        <div class="page-actions">
          <label class={file === undefined ? 'button filled' : 'button'}>
            {t('import.choose')}
            <input
              class="unseen"
              type="file"
              accept=".csv,text/csv,text/plain"
              onChange={(event) => choose(event.currentTarget.files?.[0])}
            />
          </label>
          <Button onPress={() => saveText('accounts.csv', EXAMPLE, 'text/csv')}>
            {t('import.example')}
          </Button>
        </div>
        {failure !== undefined && (
          <p class="notice bad" role="alert">
            {failure}
          </p>
        )}
      </Panel>
      {file !== undefined && (
        <Panel
          title={file.name}
          actions={
            <>
              {phase.kind === 'chosen' && (
                <Button look="filled" onPress={() => run('trying', 'tried', send(true))}>
                  {t('import.try')}
                </Button>
              )}
              {phase.kind === 'tried' && good > 0 && (
                <Button look="filled" onPress={() => run('making', 'made', send(false))}>
                  {t('import.make', { count: good })}
                </Button>
              )}
              {phase.kind === 'made' && good > 0 && (
                <Button
                  onPress={() =>
                    run('undoing', 'undone', async () => {
                      const path = `/imports/${phase.job.id}:undo`
                      return (await call<Job>('POST', path, { body: {} })).body
                    })
                  }
                >
                  {t('act.undo')}
                </Button>
              )}
              {'errors' in phase && phase.errors.length > 0 && (
                <Button
                  onPress={() =>
                    saveText(
                      'failed.csv',
                      failedCsv(file.text, new Set(phase.errors.map(({ line }) => line))),
                      'text/csv',
                    )
                  }
                >
                  {t('import.failedFile', { count: phase.errors.length })}
                </Button>
              )}
            </>
          }
        >
          {'errors' in phase ? <Ended phase={phase} text={file.text} /> : <Running phase={phase} />}
        </Panel>
      )}
    </Page>
  )
}

function Running({ phase }: { readonly phase: Exclude<Phase, { readonly errors: unknown }> }) {
  if (phase.kind === 'chosen') return <p role="status">{t('import.notTried')}</p>
  const { done = 0, failed = 0, total = null, secondsLeft = null } = phase.job ?? {}
  return (
    <>
      <progress
        {...(total !== null && { value: done + failed, max: total })}
        aria-label={t('import.progress')}
      />
      <p role="status">
        {t('import.doneOf', {
          done: formatCount(done + failed),
          all: total === null ? '?' : formatCount(total),
        })}
        {secondsLeft !== null && ` · ${formatDuration(secondsLeft * 1000)}`}
      </p>
    </>
  )
}

function Ended({
  phase,
  text,
}: {
  readonly phase: Extract<Phase, { readonly errors: unknown }>
  readonly text: string
}) {
  const csv = parseCsv(text)
  const addressAt = new Map(
    csv.kind === 'rows' ? csv.rows.map(({ line, values }) => [line, values.address]) : [],
  )
  const { kind, job, errors } = phase
  const numbers = { good: job.done, bad: job.failed }
  const texts = {
    tried: t('import.tried', numbers),
    made: t('import.wereMade', numbers),
    undone: t('import.undone', { count: job.done }),
    faulty: t('import.faulty', { count: errors.length }),
  }
  return (
    <>
      <p role="status">
        <Status look={job.failed === 0 ? 'ok' : 'warn'}>{texts[kind]}</Status>
      </p>
      {errors.length > 0 && (
        <Table
          label={t('import.failed')}
          rows={errors}
          keyOf={({ line, key }) => `${line} ${key}`}
          columns={[
            {
              key: 'key',
              title: t('address'),
              width: 'minmax(0, 2fr)',
              cell: ({ key, line }) => <Foreign text={key || (addressAt.get(line) ?? '')} />,
            },
            {
              key: 'line',
              title: t('import.line'),
              width: '5rem',
              isNumber: true,
              onPhone: 'beside',
              cell: ({ line }) => line,
            },
            {
              key: 'result',
              title: t('import.result'),
              width: 'minmax(0, 4fr)',
              onPhone: 'below',
              cell: ({ refusal }) => <Foreign text={explainRefusal(refusal)} />,
            },
          ]}
          empty=""
        />
      )}
    </>
  )
}
