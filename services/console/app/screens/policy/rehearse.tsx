// What other settings would have made of the mail that came: judged again, nothing sent or counted, nothing changed.

import { useState } from 'preact/hooks'
import { call } from '../../api/client.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { Foreign, formatCount, formatSpan, Time } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { asked } from '../../parts/query-fields.tsx'
import { segment } from '../../routes.ts'
import { type PolicyList, readLists } from './policy.tsx'
import { PolicyTabs } from './policy-tabs.tsx'

type Kinds = {
  readonly count: number
  readonly kinds: readonly {
    readonly kind: string
    readonly count: number
    readonly examples: readonly {
      readonly queueId: string
      readonly at: string
      readonly remoteAddress: string
      readonly sender: string
      readonly recipient: string | null
    }[]
  }[]
}

type Rehearsed = {
  readonly since: string
  readonly decisions: number
  readonly changed: Kinds
  readonly undecided: Kinds
  readonly isCut: boolean
}

const spans = ['1h', '24h', '7d'] as const

export function screen() {
  const lists = useResource('lists', readLists)
  return (
    <Page title={t('entry.policy')}>
      <PolicyTabs current="rehearse" />
      <Loaded of={lists} lines={6}>
        {({ data }) => <Rehearsal lists={data} />}
      </Loaded>
    </Page>
  )
}

function Rehearsal({ lists }: { readonly lists: readonly PolicyList[] }) {
  const [report, setReport] = useState<{ readonly of: string; readonly found: Rehearsed }>()
  const inForce = (setting: string) =>
    lists.find((each) => each.setting === setting)?.restrictions ?? ''
  const first = asked('setting', lists[0]?.setting)
  const form = useForm({
    initial: { since: '24h', setting: first, value: inForce(first) },
    isFleeting: true,
    names: { changes: 'value' },
    async send({ since, setting, value }) {
      const { body } = await call<Rehearsed>('POST', '/policy:rehearse', {
        body: { since, changes: { [setting]: value } },
      })
      setReport({ of: setting, found: body })
    },
  })
  return (
    <div class="stack">
      <Panel title={t('policy.rehearseTitle')}>
        <p class="hint">{t('policy.rehearseText')}</p>
        <FormBody form={form} label={t('policy.rehearseTitle')} verb={t('policy.rehearse')}>
          <div class="fields">
            <SelectField
              // What is in force stands there until somebody writes.
              form={{
                ...form,
                set: (changes) =>
                  form.set(
                    changes.setting === undefined
                      ? changes
                      : { ...changes, value: inForce(changes.setting) },
                  ),
              }}
              name="setting"
              label={t('policy.setting')}
              options={lists.map(({ setting }) => ({ value: setting, label: setting }))}
            />
            <SelectField
              form={form}
              name="since"
              label={t('trace.since')}
              options={spans.map((span) => ({ value: span, label: formatSpan(span) }))}
            />
          </div>
          <TextField form={form} name="value" label={t('policy.instead')} rows={5} isMono />
        </FormBody>
      </Panel>
      {report !== undefined && <Report {...report} />}
    </div>
  )
}

function Report({ of: setting, found }: { readonly of: string; readonly found: Rehearsed }) {
  const { decisions, changed, undecided, isCut } = found
  return (
    <Panel
      title={t('policy.judgedAgain', { count: decisions })}
      actions={
        <ButtonLink href={`/service/settings?q=${encodeURIComponent(setting)}`}>
          {t('settings.title')}
        </ButtonLink>
      }
    >
      {isCut && <p class="notice warn">{t('trace.cut')}</p>}
      <p>
        <Status look={changed.count === 0 ? 'ok' : 'warn'}>
          {t('policy.changed', { count: changed.count })}
        </Status>
      </p>
      <KindsTable kinds={changed} />
      {undecided.count > 0 && (
        <>
          <p class="meta">{t('policy.undecided', { count: undecided.count })}</p>
          <KindsTable kinds={undecided} />
        </>
      )}
    </Panel>
  )
}

function KindsTable({ kinds: { kinds } }: { readonly kinds: Kinds }) {
  return (
    <>
      {kinds.map(({ kind, count, examples }) => (
        <details key={kind}>
          <summary>
            <Foreign text={kind} /> <span class="meta">{formatCount(count)}</span>
          </summary>
          <ul class="addresses">
            {examples.map(({ queueId, at, remoteAddress, sender, recipient }) => (
              <li key={`${queueId} ${recipient}`}>
                <Time at={at} />{' '}
                <a class="mono" href={`/trace/${segment(queueId)}`}>
                  {remoteAddress}
                </a>{' '}
                <Foreign text={sender} isMono /> → <Foreign text={recipient ?? ''} isMono />
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  )
}
