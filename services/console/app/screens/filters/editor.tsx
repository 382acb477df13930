// One script: its text with the numbers of its lines, what is wrong with it under the line that it is about, and what it would do.

import { useSignal } from '@preact/signals'
import { useId, useRef } from 'preact/hooks'
import { call } from '../../api/client.ts'
import { ApiFailure } from '../../api/problem.ts'
import { Button } from '../../kit/button.tsx'
import { FaultLine } from '../../kit/fault-line.tsx'
import { type Form, useForm } from '../../kit/form.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { segment } from '../../routes.ts'
import type { Finding, WholeScript } from './filters-api.ts'
import { Try } from './try.tsx'

type Known = { readonly script: WholeScript | undefined; readonly etag: string | undefined }
type Options = {
  readonly path: string
  readonly name: string
  readonly mayWrite: boolean
  /** The account whose mail it may be tried on, and decide. */
  readonly account?: string
}

export function Editor(options: Options) {
  const path = `${options.path}/${segment(options.name)}`
  const known = useResource(path, async (signal): Promise<Known> => {
    try {
      const { body, etag } = await call<WholeScript>('GET', path, { signal })
      return { script: body, etag }
    } catch (error) {
      // One that is to be written.
      if (error instanceof ApiFailure && error.problem.code === 'no-such-script') {
        return { script: undefined, etag: undefined }
      }
      throw error
    }
  })
  return (
    <Loaded of={known} lines={12}>
      {(value) => <Text key={path} {...options} known={value} reload={known.reload} />}
    </Loaded>
  )
}

function Text({
  path,
  name,
  mayWrite,
  account,
  known: { script, etag },
  reload,
}: Options & { readonly known: Known; readonly reload: () => void }) {
  const findings = useSignal<readonly Finding[]>(script?.findings ?? [])
  const activates = useSignal(false)
  const area = useRef<HTMLTextAreaElement | null>(null)
  const form = useForm({
    initial: { text: script?.text.replaceAll('\r\n', '\n') ?? '' },
    async send({ text }) {
      const body = { text, ...(activates.value && { activate: true }) }
      try {
        const saved = await call<{ readonly warnings: readonly Finding[] }>(
          'PUT',
          `${path}/${segment(name)}`,
          { body, etag },
        )
        findings.value = saved.body.warnings
      } catch (error) {
        if (error instanceof ApiFailure && error.problem.code === 'wrong-script') {
          const told = error.problem.refusal?.['findings']
          if (Array.isArray(told)) findings.value = told
        }
        throw error
      }
      toast({ text: t('saved') })
      reload()
    },
  })
  const { text } = form.values
  const save = (isActive: boolean) => {
    activates.value = isActive
    return form.submit()
  }
  const check = async () => {
    const { body } = await call<{ readonly findings: readonly Finding[] }>(
      'POST',
      '/scripts:check',
      { body: { text } },
    )
    findings.value = body.findings
    if (body.findings.length === 0) toast({ text: t('script.fine') })
  }
  const goTo = ({ line, column }: Finding) => {
    const before = text.split('\n').slice(0, line - 1)
    const at = before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1
    area.current?.focus()
    area.current?.setSelectionRange(at, at)
  }
  return (
    <>
      <Panel
        title={script?.isActive ? t('script.titleActive', { name }) : name}
        actions={<Button onPress={check}>{t('script.check')}</Button>}
      >
        <form
          ref={form.element}
          class="form"
          onSubmit={(event) => {
            event.preventDefault()
            void save(false)
          }}
        >
          <FaultLine failure={form.failure} />
          <Code form={form} area={area} findings={findings.value} mayWrite={mayWrite} />
          <Findings text={text} findings={findings.value} goTo={goTo} />
          {mayWrite && (
            <div class="form-actions">
              <button
                type="submit"
                class="button filled"
                disabled={form.isBusy || !form.isDirty}
                aria-busy={form.isBusy || undefined}
              >
                {t('act.save')}
              </button>
              {account !== undefined && !script?.isActive && (
                <Button onPress={() => save(true)}>{t('script.saveAndActivate')}</Button>
              )}
            </div>
          )}
        </form>
      </Panel>
      {account !== undefined && <Try account={account} text={text} />}
    </>
  )
}

const ROWS_MIN = 12

function Code({
  form,
  area,
  findings,
  mayWrite,
}: {
  readonly form: Form<{ readonly text: string }>
  readonly area: { current: HTMLTextAreaElement | null }
  readonly findings: readonly Finding[]
  readonly mayWrite: boolean
}) {
  const id = useId()
  const { text } = form.values
  // The page scrolls and not the text, so that numbers and lines stay side by side.
  const count = Math.max(ROWS_MIN, text.split('\n').length)
  const looks = new Map(findings.map(({ line, severity }) => [line, severity]))
  const hasError = findings.some(({ severity }) => severity === 'error')
  return (
    <div class="field">
      <label for={id}>{t('away.text')}</label>
      <div class="code">
        <div class="code-numbers mono" aria-hidden="true">
          {Array.from({ length: count }, (_, i) => (
            <div key={i} class={looks.get(i + 1) ?? ''}>
              {i + 1}
            </div>
          ))}
        </div>
        <textarea
          ref={area}
          id={id}
          name="text"
          class="input mono"
          rows={count}
          wrap="off"
          spellcheck={false}
          autocapitalize="off"
          readOnly={!mayWrite}
          aria-invalid={hasError}
          aria-describedby="findings"
          value={text}
          onInput={(event) => form.set({ text: event.currentTarget.value })}
        />
      </div>
    </div>
  )
}

function Findings({
  text,
  findings,
  goTo,
}: {
  readonly text: string
  readonly findings: readonly Finding[]
  readonly goTo: (finding: Finding) => void
}) {
  const lines = text.split('\n')
  return (
    <ul id="findings" class="findings" aria-live="polite">
      {findings.map((finding, i) => (
        <li key={i} class={finding.severity}>
          <Button look="quiet" onPress={() => goTo(finding)}>
            {t('script.line', { line: finding.line })}
          </Button>
          <code>{lines[finding.line - 1] ?? ''}</code>
          <p class="hint error">
            <Foreign text={finding.message} />
          </p>
        </li>
      ))}
    </ul>
  )
}
