// Many accounts from a CSV file: read in the browser, tried without changing anything, then made. What fails comes back as a file that can be
// corrected and sent again.

import { useState } from 'preact/hooks'
import { type BulkAnswer, type BulkRow, runBulk } from '../../api/bulk.ts'
import { Button } from '../../kit/button.tsx'
import { explainFailure, explainProblem } from '../../kit/failure.tsx'
import { Foreign, formatCount } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Page, Panel, Status } from '../../kit/panel.tsx'
import { saveText } from '../../kit/save.ts'
import { Table } from '../../kit/table.tsx'
import { type Csv, type CsvRow, parseCsv, writeCsv } from './csv.ts'

type Read = Extract<Csv, { readonly kind: 'rows' }>
type Phase = 'read' | 'trying' | 'tried' | 'making' | 'made'

const EXAMPLE = 'address,password,quota\r\nann@example.org,a long password,2GB\r\n'
const FILE_BYTES_MAX = 50 * 1024 * 1024
/** Columns that the API knows by these names. */
const known = ['address', 'password', 'passwordHash', 'quota', 'enabled', 'shared'] as const

export function screen() {
  const [file, setFile] = useState<Read>()
  const [failure, setFailure] = useState<string>()
  const [phase, setPhase] = useState<Phase>('read')
  const [done, setDone] = useState(0)
  const [answers, setAnswers] = useState<readonly BulkAnswer[]>([])

  const read = async (chosen: File | undefined) => {
    if (chosen === undefined) return
    setFailure(undefined)
    setAnswers([])
    setPhase('read')
    if (chosen.size > FILE_BYTES_MAX) return setFailure(t('import.tooLarge'))
    const csv = parseCsv(await chosen.text())
    if (csv.kind === 'problem') {
      setFile(undefined)
      return setFailure(explainCsv(csv))
    }
    const unknown = csv.columns.find((name) => !known.some((each) => each === name))
    if (unknown !== undefined) {
      return setFailure(t('rule.column', { columns: known.join(', ') }))
    }
    setFile(csv)
  }
  const run = async (dryRun: boolean) => {
    if (file === undefined) return
    setFailure(undefined)
    setDone(0)
    setPhase(dryRun ? 'trying' : 'making')
    try {
      const rows = file.rows.map(bodyOf)
      setAnswers(await runBulk('/accounts:bulk', rows, { dryRun, progress: setDone }))
      setPhase(dryRun ? 'tried' : 'made')
    } catch (error) {
      setFailure(explainFailure(error))
      setPhase('read')
    }
  }
  const failed = answers.filter(({ problem }) => problem !== undefined)
  const isBusy = phase === 'trying' || phase === 'making'
  const failedRows = () => {
    const refs = new Set(failed.map(({ ref }) => ref))
    return file?.rows.filter(({ line }) => refs.has(String(line))) ?? []
  }
  return (
    <Page title={t('import.title')} back={{ href: '/accounts', label: t('accounts.title') }}>
      <Panel title={t('import.file')}>
        <p>{t('import.text')}</p>
        <pre class="command">{EXAMPLE}</pre>
        <div class="page-actions">
          <label class="button filled">
            {t('import.choose')}
            <input
              class="unseen"
              type="file"
              accept=".csv,text/csv"
              onChange={(event) => read(event.currentTarget.files?.[0])}
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
          title={t('import.rows', { count: file.rows.length })}
          actions={
            <>
              {(phase === 'read' || phase === 'trying') && (
                <Button look="filled" disabled={isBusy} onPress={() => run(true)}>
                  {t('import.try')}
                </Button>
              )}
              {phase === 'tried' && failed.length < file.rows.length && (
                <Button look="filled" onPress={() => run(false)}>
                  {t('import.make', { count: file.rows.length - failed.length })}
                </Button>
              )}
              {failed.length > 0 && (
                <Button
                  onPress={() =>
                    saveText('failed.csv', writeCsv(file.columns, failedRows()), 'text/csv')
                  }
                >
                  {t('import.failedFile', { count: failed.length })}
                </Button>
              )}
            </>
          }
        >
          {isBusy && (
            <progress value={done} max={file.rows.length} aria-label={t('import.progress')} />
          )}
          <p role="status">{summary(phase, file.rows.length, failed.length, done)}</p>
          <Rows file={file} answers={answers} phase={phase} />
        </Panel>
      )}
    </Page>
  )
}

function Rows({
  file,
  answers,
  phase,
}: {
  readonly file: Read
  readonly answers: readonly BulkAnswer[]
  readonly phase: Phase
}) {
  const byRef = new Map(answers.map((answer) => [answer.ref, answer]))
  const answerOf = ({ line }: CsvRow) => byRef.get(String(line))
  // What failed first: that is what is read.
  const rows = [
    ...file.rows.filter((row) => answerOf(row)?.problem !== undefined),
    ...file.rows.filter((row) => answerOf(row)?.problem === undefined),
  ]
  return (
    <Table
      label={t('import.file')}
      rows={rows}
      keyOf={({ line }) => String(line)}
      columns={[
        {
          key: 'address',
          title: t('address'),
          width: 'minmax(0, 2fr)',
          cell: ({ values }) => <Foreign text={values['address'] ?? ''} />,
        },
        {
          key: 'line',
          title: t('import.line'),
          width: '5rem',
          isNumber: true,
          cell: ({ line }) => line,
        },
        {
          key: 'result',
          title: t('import.result'),
          width: 'minmax(0, 3fr)',
          onPhone: 'below',
          cell: (row) => {
            const answer = answerOf(row)
            if (answer === undefined) return ''
            if (answer.problem !== undefined) {
              return <Status look="bad">{explainProblem(answer.problem)}</Status>
            }
            return (
              <Status look="ok">
                {t(phase === 'made' ? 'import.isMade' : 'import.canBeMade')}
              </Status>
            )
          },
        },
      ]}
      empty=""
    />
  )
}

function bodyOf({ line, values }: CsvRow): BulkRow {
  const { enabled, shared, ...texts } = values
  const isTrue = (text: string) => /^(?:true|yes|1)$/i.test(text.trim())
  const given = Object.entries(texts).filter(([, text]) => text.trim() !== '')
  return {
    ref: String(line),
    op: 'create',
    ...Object.fromEntries(given),
    ...(enabled?.trim() && { enabled: isTrue(enabled) }),
    ...(shared?.trim() && { shared: isTrue(shared) }),
  }
}

function summary(phase: Phase, all: number, failed: number, done: number): string {
  switch (phase) {
    case 'read':
      return t('import.notTried')
    case 'trying':
    case 'making':
      return t('import.doneOf', { done: formatCount(done), all: formatCount(all) })
    case 'tried':
      return t('import.tried', { good: all - failed, bad: failed })
    case 'made':
      return t('import.wereMade', { good: all - failed, bad: failed })
  }
}

function explainCsv({ problem }: Extract<Csv, { readonly kind: 'problem' }>): string {
  switch (problem.kind) {
    case 'no-rows':
      return t('import.noRows')
    case 'open-quotation':
      return t('import.atLine', { line: problem.line, text: t('rule.closed-quotation') })
    case 'column-count':
      return t('import.atLine', {
        line: problem.line,
        text: t('rule.column-count', { count: problem.count, max: problem.wanted }),
      })
  }
}
