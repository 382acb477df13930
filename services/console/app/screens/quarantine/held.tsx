// One message in quarantine: what spoke against it, its text as text, and to whom it is released.

import { useState } from 'preact/hooks'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { Ago, Foreign, formatBytes } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { navigate } from '../../kit/location.ts'
import { Fact, Facts, Loaded, Page, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { QuarantineActs } from './acts.tsx'
import { type QuarantinedShown, readQuarantined } from './quarantine-api.ts'

export function screen({ params }: { readonly params: ScreenParams }) {
  const { queueId = '' } = params
  const message = useResource(queueId, (signal) => readQuarantined(queueId, signal))
  return (
    <Page
      title={message.value?.subject || t('quarantine.noSubject')}
      back={{ href: listHref(), label: t('entry.quarantine') }}
      actions={
        may('trace.read') && (
          <ButtonLink href={`/trace/${segment(queueId)}`} icon="trace">
            {t('entry.trace')}
          </ButtonLink>
        )
      }
    >
      <Loaded of={message} lines={10}>
        {(value) => <Held message={value} />}
      </Loaded>
    </Page>
  )
}

/** Of those who decide for themselves alone, on their own pages. */
const listHref = () => (may('quarantine.read') ? '/quarantine' : '/me/quarantine')

function Held({ message }: { readonly message: QuarantinedShown }) {
  const { sender, from, remoteAddress, recipients, arrivedAt, endsAt, reasons, preview } = message
  const [chosen, setChosen] = useState<readonly string[]>(recipients)
  const isAll = chosen.length === recipients.length
  return (
    <div class="stack">
      <Panel title={t('quarantine.why')}>
        <p>
          <Foreign text={message.reason} />
        </p>
        {reasons.length > 0 && (
          <div class="scroll-x">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('quarantine.by')}</th>
                  <th scope="col">{t('decision.said')}</th>
                  <th scope="col">{t('quarantine.found')}</th>
                  <th scope="col" class="number">
                    {t('quarantine.points')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {reasons.map(({ by, verdict, found, points }) => (
                  <tr key={`${by} ${verdict} ${found}`}>
                    <th scope="row" class="mono">
                      {by}
                    </th>
                    <td>{verdict}</td>
                    <td>
                      <Foreign text={found ?? ''} />
                    </td>
                    <td class="number">{points ?? ''}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      <Panel title={t('queue.message')}>
        <Facts>
          <Fact name={t('quarantine.from')}>
            <Foreign text={from} />
            <div class="meta">{t('quarantine.fromHint')}</div>
          </Fact>
          <Fact name={t('queue.sender')}>
            <Foreign text={sender === '' ? '<>' : sender} isMono />
          </Fact>
          <Fact name={t('queue.from')}>
            <span class="mono">{remoteAddress}</span>
          </Fact>
          <Fact name={t('queue.arrived')}>
            <Ago at={arrivedAt} />
          </Fact>
          <Fact name={t('quarantine.ends')}>
            {endsAt === null ? t('quarantine.never') : <Ago at={endsAt} />}
          </Fact>
        </Facts>
        <h3>{t('quarantine.preview')}</h3>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
        <pre class="preview" tabIndex={0} role="region" aria-label={t('quarantine.preview')}>
          <Foreign text={preview.text.replaceAll('\r\n', '\n').trimEnd()} hasLines />
        </pre>
        {preview.isCut && <p class="meta">{t('quarantine.cut')}</p>}
        {preview.attachments.length > 0 && (
          <ul class="addresses">
            {preview.attachments.map(({ name, type, bytes }) => (
              <li key={`${name} ${type} ${bytes}`}>
                <Foreign text={name} /> <span class="meta">{`${type}, ${formatBytes(bytes)}`}</span>
              </li>
            ))}
            {preview.moreAttachments > 0 && <li>+{preview.moreAttachments}</li>}
          </ul>
        )}
      </Panel>
      <Panel title={t('quarantine.whom')}>
        <fieldset>
          <legend class="unseen">{t('quarantine.whom')}</legend>
          {recipients.map((address) => (
            <label key={address} class="check">
              <input
                type="checkbox"
                checked={chosen.includes(address)}
                onChange={({ currentTarget }) =>
                  setChosen(
                    currentTarget.checked
                      ? [...chosen, address]
                      : chosen.filter((each) => each !== address),
                  )
                }
              />
              <Foreign text={address} isMono />
            </label>
          ))}
        </fieldset>
        <QuarantineActs
          message={message}
          {...(!isAll && { recipients: chosen })}
          after={() => void navigate(listHref())}
        />
      </Panel>
    </div>
  )
}
