// What happened to one message: decided, accepted, each attempt, the end; or what waits and when it is tried again.

import type { ComponentChildren } from 'preact'
import { may } from '../../api/session.ts'
import { ButtonLink } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { Ago, Foreign, formatBytes, Time } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { Fact, Facts, Loaded, Page, Panel } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { DecisionSteps } from '../../parts/decision.tsx'
import { type Moment, TimeLine } from '../../parts/time-line.tsx'
import { segment } from '../../routes.ts'
import type { ScreenParams } from '../../screen.ts'
import { ActButtons, mayAct } from '../queue/acts.tsx'
import { MessageStatus, RefusalStatus } from './trace.tsx'
import {
  type Client,
  type Decision,
  readTrace,
  replyText,
  type Step,
  type Trace,
  type TracedMessage,
} from './trace-api.ts'

export function screen({ params }: { readonly params: ScreenParams }) {
  const { queueId = '' } = params
  const trace = useResource(queueId, (signal) => readTrace(queueId, signal))
  const message = trace.value?.message
  const refusal = message === null ? trace.value && lastDecision(trace.value) : undefined
  const waits = message !== undefined && message !== null && message.state !== 'ended'
  return (
    <Page
      title={queueId}
      back={{ href: '/trace', label: t('entry.trace') }}
      subtitle={
        message ? (
          <MessageStatus message={message} />
        ) : (
          refusal && <RefusalStatus decision={refusal} />
        )
      }
      actions={
        <>
          <CopyAs path={`/trace/${segment(queueId)}`} command={`postwolke trace ${queueId}`} />
          {waits && may('queue.read') && (
            <ButtonLink href={`/queue/${segment(queueId)}`}>{t('entry.queue')}</ButtonLink>
          )}
          {waits && mayAct() && (
            <ActButtons
              chosen={{ kind: 'messages', queueIds: [queueId] }}
              waits={message.state === 'hold' ? 'held' : 'waiting'}
              after={trace.reload}
            />
          )}
        </>
      }
    >
      <Loaded of={trace} lines={10}>
        {(value) => (
          <div class="stack">
            {value.message !== null && <Head message={value.message} />}
            {refusal && <RefusedHead decision={refusal} />}
            <Panel title={t('trace.timeLine')}>
              <TimeLine label={t('trace.timeLine')} moments={momentsOf(value)} />
              {value.omitted > 0 && (
                <p class="meta">{t('trace.omitted', { count: value.omitted })}</p>
              )}
            </Panel>
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Head({ message }: { readonly message: TracedMessage }) {
  const { sender, recipients, moreRecipients, messageId, bytes, origin, nextAt } = message
  return (
    <Panel>
      <Facts>
        <Fact name={t('queue.sender')}>
          <Foreign text={sender === '' ? '<>' : sender} isMono />
        </Fact>
        <Fact name={t('queue.to')}>
          <Addresses addresses={recipients} more={moreRecipients} />
        </Fact>
        <Fact name={t('queue.from')}>
          <CameFrom client={origin} />
        </Fact>
        {messageId !== null && (
          <Fact name="Message-ID">
            <Foreign text={messageId} isMono />
          </Fact>
        )}
        <Fact name={t('queue.size')}>{formatBytes(bytes)}</Fact>
        {nextAt !== null && (
          <Fact name={t('queue.nextTry')}>
            <Ago at={nextAt} />
          </Fact>
        )}
      </Facts>
    </Panel>
  )
}

/** Of what never became a message. */
function RefusedHead({ decision }: { readonly decision: Decision }) {
  const { sender, recipients, client } = decision
  return (
    <Panel>
      <Facts>
        {sender !== null && (
          <Fact name={t('queue.sender')}>
            <Foreign text={sender === '' ? '<>' : sender} isMono />
          </Fact>
        )}
        {recipients.length > 0 && (
          <Fact name={t('queue.to')}>
            <Addresses addresses={recipients} more={0} />
          </Fact>
        )}
        <Fact name={t('queue.from')}>
          <CameFrom client={client} />
        </Fact>
      </Facts>
    </Panel>
  )
}

const SHOWN_MAX = 20

function Addresses({
  addresses,
  more,
}: {
  readonly addresses: readonly string[]
  readonly more: number
}) {
  const left = addresses.length + more - SHOWN_MAX
  return (
    <>
      {addresses.slice(0, SHOWN_MAX).map((address) => (
        <div key={address}>
          <Foreign text={address} isMono />
        </div>
      ))}
      {left > 0 && `+${left}`}
    </>
  )
}

function CameFrom({ client: { remoteAddress, helo, tls, login } }: { readonly client: Client }) {
  return (
    <>
      <span class="mono">{remoteAddress}</span> <Foreign text={helo} />
      {tls !== null && ` · ${tls}`}
      {login !== null && (
        <>
          {' · '}
          <Foreign text={login} />
        </>
      )}
    </>
  )
}

/** What ended it. */
const lastDecision = ({ timeline }: Trace): Decision | undefined =>
  timeline.flatMap((step) => (step.kind === 'decision' ? [step.decision] : [])).at(-1)

function momentsOf({ timeline, message }: Trace): readonly Moment[] {
  return timeline.flatMap((step, i) => momentOf(step, i, message))
}

function momentOf(step: Step, i: number, message: TracedMessage | null): readonly Moment[] {
  const at = { key: String(i), atMs: Date.parse(step.at) }
  switch (step.kind) {
    case 'accepted':
      return [
        {
          ...at,
          look: 'ok',
          what: t('moment.accepted'),
          text: message && <Foreign text={message.origin.remoteAddress} isMono />,
        },
      ]
    case 'decision':
      return [{ ...at, ...decided(step.decision) }]
    case 'attempt':
      return step.results.map(({ kind, status, reply, recipients, more }, n) => ({
        ...at,
        key: `${i} ${n}`,
        look:
          kind === 'delivered'
            ? 'ok'
            : kind === 'deferred'
              ? 'warn'
              : kind === 'failed'
                ? 'bad'
                : 'info',
        what: tIfKnown(`fate.${kind}`) ?? kind,
        text: (
          <>
            {recipients.map(({ address }) => (
              <div key={address}>
                <Foreign text={address} isMono />
              </div>
            ))}
            {more > 0 && <div>+{more}</div>}
            <Foreign text={`${status} ${reply}`.trim()} isMono />
          </>
        ),
        more: (
          <>
            <Foreign text={step.relay} />
            {step.tls !== null && ` · ${step.tls}`}
            {kind === 'deferred' && step.nextAt !== null && (
              <>
                {' · '}
                {t('queue.next')} <Time at={step.nextAt} />
              </>
            )}
            {step.births.map((birth) => (
              <div key={birth.queueId}>
                <a class="mono" href={`/trace/${segment(birth.queueId)}`}>
                  {birth.queueId}
                </a>{' '}
                {birth.what} → <Foreign text={birth.to} />
              </div>
            ))}
          </>
        ),
      }))
    case 'held':
    case 'released':
    case 'corrupt':
      return [
        {
          ...at,
          look: step.kind === 'released' ? 'ok' : 'warn',
          what: t(`moment.${step.kind}`),
          text: step.reason !== null && <Foreign text={step.reason} />,
        },
      ]
    case 'ended':
      return [
        {
          ...at,
          look: 'info',
          what: t('moment.ended'),
          text: tIfKnown(`how.${step.how}`) ?? step.how,
        },
      ]
  }
}

function decided(decision: Decision): Omit<Moment, 'key' | 'atMs'> {
  const { verdict, recipients, ask, stage } = decision
  const isGood = verdict.kind === 'permit'
  const text: ComponentChildren = (
    <>
      {ask === 'recipient' && recipients[0] !== undefined && (
        <div>
          <Foreign text={recipients[0]} isMono />
        </div>
      )}
      {verdict.reply === null ? (
        verdict.outcome
      ) : (
        <Foreign text={replyText(verdict.reply)} isMono />
      )}
    </>
  )
  return {
    look: isGood ? (verdict.hold === null ? 'ok' : 'warn') : 'bad',
    what: tIfKnown(`ask.${stage ?? ask}`) ?? stage ?? ask,
    text,
    more: (
      <>
        <details>
          <summary>{t('trace.explain')}</summary>
          <DecisionSteps decision={decision} />
        </details>
        {!isGood && may('policy.write') && <a href={explainHref(decision)}>{t('trace.letIn')}</a>}
      </>
    ),
  }
}

export function explainHref({ client, sender, recipients }: Decision): string {
  const query = new URLSearchParams({
    client: client.remoteAddress,
    ...(client.helo !== '' && { helo: client.helo }),
    ...(sender !== null && { sender }),
    ...(recipients[0] !== undefined && { recipient: recipients[0] }),
  })
  return `/policy/explain?${query}`
}
