// What would be said to this client, and which rule says it. Nothing is sent or counted; the question stands in the address.

import { call } from '../../api/client.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { FormBody, SelectField, TextField, useForm } from '../../kit/form.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { place, setQuery } from '../../kit/location.ts'
import { Loaded, Page, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { toast } from '../../kit/toast.tsx'
import { DecisionSteps, Verdict } from '../../parts/decision.tsx'
import { askedOf } from '../../parts/query-fields.tsx'
import type { Decision } from '../trace/trace-api.ts'
import { FIRST_TABLE, put } from './access.tsx'
import { PolicyTabs } from './policy-tabs.tsx'

const names = ['client', 'recipient', 'helo', 'sender', 'login', 'listener'] as const
type Question = { readonly [name in (typeof names)[number]]?: string }

type Explained = { readonly data: readonly Decision[] }

export function screen() {
  const question = askedOf(names)
  const isWhole = question.client !== undefined && question.recipient !== undefined
  return (
    <Page title={t('entry.policy')}>
      <PolicyTabs current="explain" />
      <div class="stack">
        <Asking key={place.value.query.toString()} question={question} />
        {isWhole && <Answer key={JSON.stringify(question)} question={question} />}
      </div>
    </Page>
  )
}

function Asking({ question }: { readonly question: Question }) {
  const form = useForm({
    initial: {
      client: question.client ?? '',
      recipient: question.recipient ?? '',
      helo: question.helo ?? '',
      sender: question.sender ?? '',
      login: question.login ?? '',
      listener: question.listener ?? 'smtp',
    },
    isFleeting: true,
    async send(values) {
      // Without running it twice: the address asks, and what is wrong comes back to its field before that.
      const wanted = trimmed(values)
      await call('POST', '/policy:explain', { body: wanted })
      setQuery(Object.fromEntries(names.map((name) => [name, wanted[name]])), { replace: false })
    },
  })
  return (
    <Panel title={t('policy.explainTitle')}>
      <p class="hint">{t('policy.explainText')}</p>
      <FormBody form={form} label={t('policy.explainTitle')} verb={t('policy.run')}>
        <div class="fields">
          <TextField
            form={form}
            name="client"
            label={t('policy.client')}
            placeholder="198.51.100.7"
            isMono
          />
          <TextField form={form} name="helo" label="HELO" placeholder="mx.example.net" isMono />
          <TextField
            form={form}
            name="sender"
            label={t('queue.sender')}
            placeholder="bob@example.net"
            isMono
          />
          <TextField
            form={form}
            name="recipient"
            label={t('arrived.recipient')}
            placeholder="ann@example.org"
            isMono
          />
          <TextField form={form} name="login" label={t('policy.login')} isMono />
          <SelectField
            form={form}
            name="listener"
            label={t('policy.listener')}
            options={['smtp', 'submission', 'submissions', 'lmtp'].map((value) => ({
              value,
              label: value,
            }))}
          />
        </div>
      </FormBody>
    </Panel>
  )
}

const trimmed = (values: { readonly [name: string]: string }): Question =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const text = value.trim()
      return text === '' ? [] : [[name, text]]
    }),
  )

function Answer({ question }: { readonly question: Question }) {
  const found = useResource(JSON.stringify(question), async (signal) => {
    const { body } = await call<Explained>('POST', '/policy:explain', { body: question, signal })
    return body
  })
  const { client = '' } = question
  const letIn = async () => {
    await put(FIRST_TABLE, { key: client, result: 'OK' })
    toast({ text: t('policy.wasSet', { key: client }) })
    found.reload()
  }
  return (
    <Loaded of={found} lines={8}>
      {({ data }) => (
        <div class="stack">
          {data.map((decision) => (
            <Panel
              key={`${decision.ask} ${decision.stage}`}
              title={tIfKnown(`ask.${decision.stage ?? decision.ask}`) ?? decision.ask}
            >
              <Verdict decision={decision} />
              <DecisionSteps decision={decision} />
            </Panel>
          ))}
          {data.some(({ verdict }) => verdict.kind !== 'permit') && (
            <p class="page-actions">
              <Button onPress={letIn}>{t('policy.letIn', { client, table: FIRST_TABLE })}</Button>
              <ButtonLink href="/policy/rehearse">{t('policy.tab.rehearse')}</ButtonLink>
            </p>
          )}
        </div>
      )}
    </Loaded>
  )
}
