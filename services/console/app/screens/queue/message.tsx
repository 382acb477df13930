// One message of the queue: who waits for what, when it is tried next, and what can be done.

import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs, CopyButton } from '../../kit/copy.tsx'
import { Ago, Foreign, formatBytes, formatCount } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Fact, Facts, Loaded, Page, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { ActButtons, mayAct, waitsOf } from './acts.tsx'
import { QueueStatus } from './messages.tsx'
import { type QueueGroup, type QueueMessage, readMessage } from './queue-api.ts'

export function screen({ params }: { readonly params: ScreenParams }) {
  const { queueId = '' } = params
  const message = useResource(queueId, (signal) => readMessage(queueId, signal))
  return (
    <Page
      title={queueId}
      back={{ href: '/queue', label: t('entry.queue') }}
      actions={
        <>
          <CopyAs path={`/queue/${segment(queueId)}`} command={`postwolke queue show ${queueId}`} />
          {may('trace.read') && (
            <ButtonLink href={`/trace/${segment(queueId)}`} icon="trace">
              {t('queue.toTrace')}
            </ButtonLink>
          )}
          {message.value !== undefined && mayAct() && (
            <ActButtons
              chosen={{ kind: 'messages', queueIds: [queueId] }}
              waits={waitsOf(message.value)}
              after={message.reload}
            />
          )}
        </>
      }
    >
      <Loaded of={message} lines={8}>
        {(value) => <Message message={value} />}
      </Loaded>
    </Page>
  )
}

function Message({ message }: { readonly message: QueueMessage }) {
  const { queueId, state, reason, bytes, arrivedAt, sender, recipients, origin, groups } = message
  return (
    <div class="stack">
      <Panel title={t('queue.message')} actions={<CopyButton text={queueId} what={queueId} />}>
        <Facts>
          <Fact name={t('queue.state')}>
            <QueueStatus state={state} />
          </Fact>
          <Fact name={t('queue.sender')}>
            <Foreign text={sender === '' ? '<>' : sender} isMono />
          </Fact>
          <Fact name={t('queue.arrived')}>
            <Ago at={arrivedAt} />
          </Fact>
          <Fact name={t('queue.size')}>{formatBytes(bytes)}</Fact>
          <Fact name={t('queue.from')}>
            <span class="mono">{origin.remoteAddress}</span> <Foreign text={origin.helo} />
            {origin.login !== null && (
              <>
                {' · '}
                <Foreign text={origin.login} />
              </>
            )}
          </Fact>
          {reason !== null && (
            <Fact name={t('queue.reason')}>
              <Foreign text={reason} isMono />
            </Fact>
          )}
        </Facts>
      </Panel>
      {groups.length === 0 ? (
        <Panel title={t('queue.recipients', { count: recipients.length })}>
          <Addresses addresses={recipients} />
        </Panel>
      ) : (
        groups.map((group) => <Group key={group.name} group={group} />)
      )}
    </div>
  )
}

function Group({ group }: { readonly group: QueueGroup }) {
  const { destination, state, recipients, attempts, lastReply, dueAt } = group
  return (
    <Panel title={destination.nextHop ?? t('queue.local')}>
      <Facts>
        <Fact name={t('queue.state')}>
          <QueueStatus state={state} />
        </Fact>
        <Fact name={t('queue.attempts')}>{formatCount(attempts)}</Fact>
        <Fact name={t('queue.nextTry')}>{dueAt === null ? '–' : <Ago at={dueAt} />}</Fact>
      </Facts>
      {lastReply !== null && (
        <blockquote class="reply">
          <Foreign text={lastReply} isMono />
        </blockquote>
      )}
      <Addresses addresses={recipients.map(({ address }) => address)} />
    </Panel>
  )
}

const SHOWN_MAX = 200

function Addresses({ addresses }: { readonly addresses: readonly string[] }) {
  return (
    <ul class="addresses">
      {addresses.slice(0, SHOWN_MAX).map((address) => (
        <li key={address}>
          <Foreign text={address} isMono />
        </li>
      ))}
      {addresses.length > SHOWN_MAX && <li>+{formatCount(addresses.length - SHOWN_MAX)}</li>}
    </ul>
  )
}
