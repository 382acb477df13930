// Did it arrive? Mail of one sender, recipient, client or Message-ID, delivered or not, refused mail too.

import { Button } from '../../kit/button.tsx'
import { CopyAs } from '../../kit/copy.tsx'
import { FilterChoice, Filters, FilterText } from '../../kit/filters.tsx'
import { Foreign, formatBytes, formatSpan, Time } from '../../kit/format.tsx'
import { t, tIfKnown } from '../../kit/language.ts'
import { setQuery } from '../../kit/location.ts'
import { Empty, Loaded, Page, Status } from '../../kit/panel.tsx'
import { useResource } from '../../kit/resource.ts'
import { asked } from '../../parts/query-fields.tsx'
import { segment } from '../../routes.ts'
import { type Decision, findTraces, replyText, spans, type TracedMessage } from './trace-api.ts'

/** Links say what they mean: an address as recipient, as sender, a Message-ID. */
function question(): { readonly what: string; readonly as: string } {
  for (const [name, as] of [
    ['recipient', 'recipient'],
    ['sender', 'sender'],
    ['messageId', ''],
  ] as const) {
    const value = asked(name)
    if (value !== '') return { what: value, as }
  }
  return { what: asked('what'), as: asked('as') }
}

export function screen() {
  const { what, as } = question()
  const since = asked('since', '3d')
  const query = { what, since, ...(as !== '' && { as }) }
  return (
    <Page
      title={t('entry.trace')}
      actions={
        what !== '' && (
          <CopyAs
            path="/trace"
            query={query}
            command={`postwolke trace '${what}' --since ${since}${as === '' ? '' : ` --as ${as}`}`}
          />
        )
      }
    >
      <Filters>
        <Search what={what} as={as} />
        <FilterChoice
          name="as"
          label={t('trace.as')}
          options={[
            { value: '', label: t('trace.as.any') },
            { value: 'recipient', label: t('trace.as.recipient') },
            { value: 'sender', label: t('trace.as.sender') },
          ]}
        />
        <FilterChoice
          name="since"
          label={t('trace.since')}
          options={spans.map((span) => ({
            value: span === '3d' ? '' : span,
            label: formatSpan(span),
          }))}
        />
      </Filters>
      {what === '' ? (
        <Empty icon="trace" title={t('trace.ask')} command="postwolke trace ann@example.org">
          <p>{t('trace.askText')}</p>
        </Empty>
      ) : (
        <Results query={query} />
      )}
    </Page>
  )
}

/** A link that said `recipient=` becomes what the form says. */
function Search({ what, as }: { readonly what: string; readonly as: string }) {
  if (asked('what') === '' && what !== '') {
    setQuery({ what, as, recipient: undefined, sender: undefined, messageId: undefined })
  }
  return <FilterText name="what" label={t('trace.what')} placeholder={t('trace.whatHint')} isWide />
}

function Results({
  query,
}: {
  readonly query: { readonly what: string; readonly as?: string; readonly since: string }
}) {
  const found = useResource(JSON.stringify(query), (signal) => findTraces(query, signal))
  return (
    <Loaded of={found} lines={8}>
      {({ messages, refusals, isCut }) => {
        const rows = [
          ...messages.map((message) => ({ at: message.arrivedAt, message })),
          ...refusals.map((decision) => ({ at: decision.at, decision })),
        ].sort((a, b) => (a.at < b.at ? 1 : -1))
        if (rows.length === 0) {
          return (
            <Empty icon="search" title={t('trace.nothing', { since: formatSpan(query.since) })}>
              <p>{t('trace.nothingText')}</p>
              {query.since !== '30d' && (
                <Button onPress={() => setQuery({ since: '30d' })}>{t('trace.longer')}</Button>
              )}
            </Empty>
          )
        }
        return (
          <>
            <p class="subtitle" role="status">
              {t('trace.found', { count: rows.length })}
              {isCut && ` · ${t('trace.cut')}`}
            </p>
            <ul class="traces">
              {rows.map((row) =>
                'message' in row ? (
                  <Message key={row.message.queueId} message={row.message} />
                ) : (
                  <Refusal key={`${row.decision.queueId} ${row.at}`} decision={row.decision} />
                ),
              )}
            </ul>
          </>
        )
      }}
    </Loaded>
  )
}

function Message({ message }: { readonly message: TracedMessage }) {
  const { queueId, arrivedAt, sender, recipients, moreRecipients, bytes } = message
  const [first = ''] = recipients
  const more = recipients.length - 1 + moreRecipients
  return (
    <li>
      <a href={`/trace/${segment(queueId)}`}>
        <Time at={arrivedAt} />
      </a>
      <MessageStatus message={message} />
      <span class="trace-who">
        <Foreign text={sender === '' ? '<>' : sender} /> → <Foreign text={first} />
        {more > 0 && ` +${more}`}
      </span>
      <span class="meta">{formatBytes(bytes)}</span>
      <span class="mono meta">{queueId}</span>
    </li>
  )
}

const looks: { readonly [kind: string]: 'ok' | 'warn' | 'bad' | 'info' } = {
  delivered: 'ok',
  deferred: 'warn',
  failed: 'bad',
  removed: 'info',
  waiting: 'info',
  held: 'warn',
}

/** The worst of what became of its recipients. */
export function MessageStatus({
  message: { results, state },
}: {
  readonly message: TracedMessage
}) {
  const order = ['failed', 'deferred', 'waiting', 'removed', 'delivered']
  const worst =
    order.find((each) => results.some((one) => one.kind === each)) ??
    (state === 'ended' ? 'removed' : 'waiting')
  // What nobody tries waits for somebody who decides.
  const kind = worst === 'waiting' && state === 'hold' ? 'held' : worst
  return <Status look={looks[kind] ?? 'info'}>{tIfKnown(`fate.${kind}`) ?? kind}</Status>
}

export function RefusalStatus({ decision: { verdict } }: { readonly decision: Decision }) {
  return (
    <Status look="bad">
      {verdict.kind === 'discard' ? t('fate.discarded') : t('fate.refused')}
    </Status>
  )
}

function Refusal({ decision }: { readonly decision: Decision }) {
  const { queueId, at, client, verdict, sender, recipients } = decision
  return (
    <li>
      <a href={`/trace/${segment(queueId)}`}>
        <Time at={at} />
      </a>
      <RefusalStatus decision={decision} />
      <span class="trace-who">
        <Foreign text={sender ?? ''} /> → <Foreign text={recipients[0] ?? ''} />
      </span>
      <span class="mono">{client.remoteAddress}</span>
      <span class="trace-reply">
        <Foreign
          text={verdict.reply === null ? verdict.outcome : replyText(verdict.reply)}
          isMono
        />
      </span>
    </li>
  )
}
