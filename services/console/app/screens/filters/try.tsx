// What a script would do with a message of one's own: every test with its result, and what comes of it. Nothing happens to the message.

import { useId, useState } from 'preact/hooks'
import { call, get } from '../../api/client.ts'
import { Button } from '../../kit/button.tsx'
import { Foreign } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Loaded, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import type { Listed, Trial } from './filters-api.ts'

type Message = {
  readonly uid: number
  readonly from: string
  readonly subject: string
}

export function Try({ account, text }: { readonly account: string; readonly text: string }) {
  const path = `${account}/scripts:messages`
  const messages = useResource(path, (signal) => get<Listed<Message>>(path, {}, signal))
  return (
    <Panel title={t('try.verb')}>
      <p class="hint">{t('try.text')}</p>
      <Loaded of={messages}>
        {({ data }) =>
          data.length === 0 ? (
            <p>{t('try.none')}</p>
          ) : (
            <Chosen account={account} text={text} messages={data} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function Chosen({
  account,
  text,
  messages,
}: {
  readonly account: string
  readonly text: string
  readonly messages: readonly Message[]
}) {
  const id = useId()
  const [uid, setUid] = useState(messages[0]?.uid ?? 0)
  const [trial, setTrial] = useState<Trial>()
  const run = async () => {
    const { body } = await call<Trial>('POST', `${account}/scripts:runStored`, {
      body: { text, folder: 'INBOX', uid },
    })
    setTrial(body)
  }
  return (
    <>
      <div class="field">
        <label for={id}>{t('try.message')}</label>
        <div class="field-row">
          <select
            id={id}
            class="input"
            value={String(uid)}
            onChange={(event) => setUid(Number(event.currentTarget.value))}
          >
            {messages.map((each) => (
              <option key={each.uid} value={String(each.uid)}>
                {`${each.from}: ${each.subject}`}
              </option>
            ))}
          </select>
          <Button onPress={run}>{t('try.verb')}</Button>
        </div>
      </div>
      <div aria-live="polite">{trial && <Result trial={trial} />}</div>
    </>
  )
}

function Result({ trial: { trace, isCut, notes, actions, failure } }: { readonly trial: Trial }) {
  return (
    <>
      <ol class="trial">
        {trace.map(({ script, line, depth, name, result }, i) => (
          <li key={i} style={{ paddingInlineStart: `${depth}em` }}>
            <span class="meta">
              {script === 'script' ? '' : `${script} `}
              {t('script.line', { line })}
            </span>{' '}
            <code>{name}</code>{' '}
            {result !== null && <span>{t(result ? 'try.true' : 'try.false')}</span>}
          </li>
        ))}
      </ol>
      {isCut && <p class="hint">{t('try.cut')}</p>}
      {notes.map((note, i) => (
        <p key={i}>
          <Foreign text={note} />
        </p>
      ))}
      {failure && (
        <p class="notice bad">
          {t('try.failed', { line: failure.line })} <Foreign text={failure.reason} />
        </p>
      )}
      <h3>{t('try.actions')}</h3>
      <ul class="trial">
        {actions.map(({ kind, line, folder, to, flags, reason }, i) => (
          <li key={i}>
            <code>{kind}</code> {line > 0 && <span class="meta">{t('script.line', { line })}</span>}{' '}
            <Foreign text={[folder ?? to ?? '', ...(flags ?? []), reason ?? ''].join(' ').trim()} />
          </li>
        ))}
      </ul>
    </>
  )
}
