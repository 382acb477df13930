// "Did it arrive?": what became of the mail that one sent, without the words of servers.

import { useState } from 'preact/hooks'
import { get } from '../../api/client.ts'
import { mayOwn } from '../../api/session.ts'
import { FormActions, FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Empty, Panel, Status } from '../../kit/panel.tsx'

type Traced = {
  readonly queueId: string
  readonly at: string
  readonly recipients: readonly {
    readonly address: string
    readonly outcome: string
    readonly reply?: string | null
  }[]
}

export function Arrived({ address }: { readonly address: string }) {
  const [found, setFound] = useState<readonly Traced[]>()
  const form = useForm({
    initial: { recipient: '' },
    isFleeting: true,
    async send({ recipient }) {
      const { data } = await get<{ readonly data: readonly Traced[] }>('/trace', {
        sender: address,
        recipient: recipient.trim(),
        since: '7d',
      })
      setFound(data)
    },
  })
  if (!mayOwn('trace.read')) return null
  return (
    <Panel title={t('arrived.title')}>
      <FormBody form={form} label={t('arrived.title')}>
        <TextField
          form={form}
          name="recipient"
          label={t('arrived.recipient')}
          hint={t('arrived.hint')}
          type="email"
          isMono
        />
        <FormActions form={form} verb={t('arrived.verb')} />
      </FormBody>
      {found !== undefined && found.length === 0 && <Empty icon="mail" title={t('arrived.none')} />}
      {found !== undefined && found.length > 0 && (
        <ul class="items">
          {found.map(({ queueId, at, recipients }) => (
            <li key={queueId}>
              <div>
                <Time at={at} />
                {recipients.map(({ address: to, outcome, reply }) => (
                  <div key={to}>
                    <Foreign text={to} />{' '}
                    <Status look={lookOf(outcome)}>
                      {tIfKnown(`outcome.${outcome}`) ?? outcome}
                    </Status>
                    {reply && outcome !== 'delivered' && (
                      <div class="meta">
                        <Foreign text={reply} isMono />
                      </div>
                    )}
                  </div>
                ))}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function lookOf(outcome: string): 'ok' | 'warn' | 'bad' | 'info' {
  if (outcome === 'delivered' || outcome === 'forwarded' || outcome === 'relayed') return 'ok'
  return outcome === 'bounced' || outcome === 'refused' || outcome === 'expired' ? 'bad' : 'warn'
}
