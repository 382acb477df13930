// "Did it arrive?": what became of the mail that one sent, without the words of servers where it is well.

import { useState } from 'preact/hooks'
import { mayOwn } from '../../api/session.ts'
import { FormBody, TextField, useForm } from '../../kit/form.tsx'
import { Foreign, Time } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Empty, Panel, Status } from '../../kit/panel.tsx'
import { type Found, findTraces, replyText } from '../trace/trace-api.ts'

export function Arrived({ address }: { readonly address: string }) {
  const [found, setFound] = useState<Found>()
  const form = useForm({
    initial: { recipient: '' },
    isFleeting: true,
    names: { what: 'recipient' },
    async send({ recipient }) {
      const query = { what: recipient.trim(), as: 'recipient', since: '7d' }
      const { messages, refusals, isCut } = await findTraces(query, new AbortController().signal)
      setFound({
        messages: messages.filter(({ sender }) => sender === address),
        refusals: refusals.filter(({ sender }) => sender === address),
        isCut,
      })
    },
  })
  if (!mayOwn('trace.read')) return null
  return (
    <Panel title={t('arrived.title')}>
      <FormBody form={form} label={t('arrived.title')} verb={t('arrived.verb')}>
        <TextField
          form={form}
          name="recipient"
          label={t('arrived.recipient')}
          hint={t('arrived.hint')}
          type="email"
          isMono
        />
      </FormBody>
      {found !== undefined && <Answer found={found} />}
    </Panel>
  )
}

function Answer({ found: { messages, refusals } }: { readonly found: Found }) {
  if (messages.length + refusals.length === 0) {
    return <Empty icon="mail" title={t('arrived.none')} />
  }
  return (
    <ul class="items">
      {messages.map(({ queueId, arrivedAt, recipients, results }) => (
        <li key={queueId}>
          <div>
            <Time at={arrivedAt} />
            {recipients.map((to) => {
              const fate = results.find(
                ({ address, original }) => address === to || original === to,
              )
              const kind = fate?.kind ?? 'waiting'
              return (
                <div key={to}>
                  <Foreign text={to} />{' '}
                  <Status look={lookOf(kind)}>{tIfKnown(`fate.${kind}`) ?? kind}</Status>
                  {fate !== undefined && kind !== 'delivered' && (
                    <div class="meta">
                      <Foreign text={fate.reply} isMono />
                    </div>
                  )}
                </div>
              )
            })}
          </div>
        </li>
      ))}
      {refusals.map(({ queueId, at, recipients, verdict: { reply } }) => (
        <li key={`${queueId} ${at}`}>
          <div>
            <Time at={at} />
            <div>
              <Foreign text={recipients.join(', ')} />{' '}
              <Status look="bad">{t('fate.refused')}</Status>
              {reply !== null && (
                <div class="meta">
                  <Foreign text={replyText(reply)} isMono />
                </div>
              )}
            </div>
          </div>
        </li>
      ))}
    </ul>
  )
}

function lookOf(kind: string): 'ok' | 'warn' | 'bad' {
  if (kind === 'delivered') return 'ok'
  return kind === 'failed' || kind === 'removed' ? 'bad' : 'warn'
}
