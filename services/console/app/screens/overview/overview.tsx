// What needs me? Findings with what to do about them, then how things go, then what was changed last.

import { useEffect } from 'preact/hooks'
import { get } from '../../api/client.ts'
import { may } from '../../api/session.ts'
import { Button, ButtonLink } from '../../kit/button.tsx'
import { useEvents } from '../../kit/events.ts'
import { factsOf } from '../../kit/failure.tsx'
import {
  Ago,
  Foreign,
  formatBytes,
  formatCount,
  formatDuration,
  formatSpan,
} from '../../kit/format.tsx'
import type { Listed } from '../../kit/keyset.ts'
import { locale, t, tIfKnown } from '../../kit/language.ts'
import { Empty, Fact, Facts, Loaded, Page, Panel, Status } from '../../kit/panel.tsx'
import { type Resource, useResource } from '../../kit/resource.ts'
import { Bars } from '../../parts/bars.tsx'
import { asked, QueryChoice } from '../../parts/query-fields.tsx'
import { Plot } from '../../plots/plot.tsx'
import { matchRoute } from '../../routes.ts'
import type { AuditRecord } from '../audit/audit-api.ts'
import { CostPlot, UsageOfMonth } from './cost.tsx'
import {
  byLabel,
  type FigureAnswer,
  figureNames,
  gauges,
  ranges,
  rateNow,
  readFigures,
  sums,
  totals,
} from './figures-api.ts'
import { type Finding, type Overview, readOverview } from './overview-api.ts'
import { readUsage, type Usage } from './usage-api.ts'

/** Without events. */
const ASK_MS = 30_000
const TOP = 8
const REASONS = 4
const LAST_CHANGES = 5

export function screen() {
  const range = ranges.find((each) => each === asked('range')) ?? '24h'
  const overview = useResource('overview', readOverview)
  const figures = useResource(range, (signal) => readFigures(figureNames, range, signal))
  const usage = useResource('usage', readUsage)
  const again = () => {
    overview.reload()
    figures.reload()
    usage.reload()
  }
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), ASK_MS)
    return () => clearInterval(timer)
  }, [])
  useEvents('queue', () => undefined, again)
  return (
    <Page
      title={t('entry.overview')}
      actions={
        <>
          {figures.atMs !== undefined && (
            <span class="meta">
              {t('overview.live')} <Ago at={figures.atMs} />
            </span>
          )}
          <Button look="quiet" icon="reload" aria-label={t('overview.reload')} onPress={again} />
        </>
      }
    >
      <Panel title={t('overview.findings')}>
        <div class="overview-findings">
          <Loaded of={overview}>{({ findings }) => <Findings findings={findings} />}</Loaded>
        </div>
      </Panel>
      <Panel title={t('overview.now')}>
        <div class="overview-now">
          <Loaded of={overview} lines={1}>
            {(value) => <Now overview={value} figures={figures.value} />}
          </Loaded>
        </div>
      </Panel>
      <UsageOfMonth usage={usage} />
      <section aria-label={t('overview.figures')} class="overview-figures">
        <QueryChoice
          name="range"
          label={t('overview.range')}
          otherwise="24h"
          options={ranges.map((value) => ({ value, label: formatSpan(value) }))}
        />
        <Plots figures={figures} usage={usage.value} />
      </section>
      {may('audit.read') && <LastChanges />}
    </Page>
  )
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  if (findings.length === 0) return <Status look="ok">{t('overview.allWell')}</Status>
  return (
    <ul class="findings">
      {findings.map((finding) => (
        <li key={`${finding.kind} ${finding.about ?? ''}`} class={`notice ${finding.look}`}>
          <div>
            <strong>{findingText(finding)}</strong>
            {finding.since !== undefined && (
              <span class="meta">
                {' '}
                <Ago at={finding.since} />
              </span>
            )}
          </div>
          {finding.href !== undefined && isScreen(finding.href) && (
            <ButtonLink href={finding.href}>{t('overview.open')}</ButtonLink>
          )}
        </li>
      ))}
    </ul>
  )
}

/** The server may know of more screens than this console has. */
const isScreen = (href: string) => matchRoute(href.replace(/\?.*$/s, '')) !== undefined

/** By its kind, with its facts in the units of people; else the server's sentence. */
function findingText({ kind, facts = {}, text }: Finding): string {
  const { job, failure } = facts
  return (
    tIfKnown(`finding.${kind}`, {
      ...factsOf(facts),
      ...(failure !== undefined && {
        reason: tIfKnown(`job.failure.${failure}`, factsOf(facts)) ?? String(facts['reason']),
      }),
      ...(job !== undefined && { job: tIfKnown(`job.kind.${job}`) ?? job }),
    }) ?? text
  )
}

function Now({
  overview: { queue },
  figures,
}: {
  readonly overview: Overview
  readonly figures: FigureAnswer | undefined
}) {
  const rate = (name: 'accepted' | 'refused') => {
    const value = figures && rateNow(figures, name)
    return value === undefined ? '–' : perMinute(value)
  }
  return (
    <Facts>
      <Fact name={t('figure.accepted')}>
        <span class="figure-value">{rate('accepted')}</span>
      </Fact>
      <Fact name={t('figure.refused')}>
        <span class="figure-value">{rate('refused')}</span>
      </Fact>
      <Fact name={t('figure.waits')}>
        <a class="figure-value" href="/queue">
          {formatCount(queue.messages)}
        </a>
      </Fact>
      <Fact name={t('figure.oldest')}>
        <span class="figure-value">
          {queue.oldestAt === null ? '–' : formatDuration(Date.now() - Date.parse(queue.oldestAt))}
        </span>
      </Fact>
    </Facts>
  )
}

function Plots({
  figures,
  usage,
}: {
  readonly figures: Resource<FigureAnswer>
  readonly usage: Usage | undefined
}) {
  return (
    <Loaded of={figures} lines={12}>
      {(answer) => {
        const waiting = sums(answer, 'deferred').slice(0, TOP)
        return (
          <div class="plots">
            <Plot
              title={t('plot.mail')}
              format={perMinute}
              data={totals(answer, ['accepted', 'delivered'])}
            />
            <Plot
              title={t('plot.refused')}
              format={perMinute}
              kind="bars"
              data={byLabel(answer, 'refused', REASONS)}
            />
            <figure class="plot">
              <h3>{t('plot.deferred')}</h3>
              {waiting.length === 0 ? (
                <p class="meta">{t('plot.none')}</p>
              ) : (
                <Bars
                  title={t('queue.destination')}
                  unit={t('plot.attempts')}
                  tone="deferred"
                  bars={waiting.map(({ label, value }) => ({
                    label,
                    value,
                    text: formatCount(value),
                    href: `/queue?destination=${encodeURIComponent(label)}`,
                  }))}
                />
              )}
            </figure>
            <Plot
              title={t('plot.age')}
              format={(seconds) => formatDuration(seconds * 1000)}
              scale="log"
              data={gauges(answer, 'queueAge', [
                { label: 'p50', tone: 'accepted' },
                { label: 'p95', tone: 'deferred' },
              ])}
            />
            <Plot
              title={t('plot.storage')}
              format={formatBytes}
              data={gauges(answer, 'storage', [{ label: 'used', tone: 'accent' }])}
            />
            <Plot
              title={t('plot.logins')}
              format={perMinute}
              kind="bars"
              data={totals(answer, ['logins', 'loginFailures'])}
            />
            {usage?.cost != null && <CostPlot cost={usage.cost} />}
          </div>
        )
      }}
    </Loaded>
  )
}

function perMinute(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  const text = new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value)
  return t('figure.perMinute', { value: text })
}

function LastChanges() {
  const changes = useResource('changes', (signal) =>
    get<Listed<AuditRecord>>('/audit', { limit: LAST_CHANGES }, signal),
  )
  return (
    <Panel
      title={t('overview.changes')}
      actions={<ButtonLink href="/audit">{t('entry.audit')}</ButtonLink>}
    >
      <Loaded of={changes}>
        {({ data }) =>
          data.length === 0 ? (
            <Empty title={t('audit.empty')} />
          ) : (
            <ul class="findings">
              {data.map(({ id, at, actor, operation, object }) => (
                <li key={id}>
                  <span class="meta">
                    <Ago at={at} />
                  </span>{' '}
                  <Foreign text={actor.name} /> <span class="mono">{operation}</span>{' '}
                  <Foreign text={object} isMono />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
