// What the month has cost so far: a tile and a plot. An estimate, and said to be one wherever it is shown.

import { formatBytes, formatCount, formatMoney } from '../../kit/format.tsx'
import { t } from '../../kit/language.ts'
import { Fact, Facts, Loaded, Panel } from '../../kit/panel.tsx'
import type { Resource } from '../../kit/resource.ts'
import { Plot } from '../../plots/plot.tsx'
import { type Cost, costOverTime, type Usage } from './usage-api.ts'

export function UsageOfMonth({ usage }: { readonly usage: Resource<Usage> }) {
  return (
    <Panel title={t('usage.title')}>
      <Loaded of={usage} lines={2}>
        {({ counts, storedBytes, cost, noCost }) => (
          <>
            <Facts>
              <Fact name={t('figure.accepted')}>
                <span class="figure-value">{formatCount(counts.accepted)}</span>{' '}
                <span class="meta">{formatBytes(counts.acceptedBytes)}</span>
              </Fact>
              <Fact name={t('usage.stored')}>
                <span class="figure-value">
                  {storedBytes === null ? '–' : formatBytes(storedBytes)}
                </span>
              </Fact>
              {cost !== null && <CostFacts cost={cost} />}
            </Facts>
            {cost !== null && <p class="meta">{originText(cost)}</p>}
            {noCost === 'not-set' && (
              <p class="meta">
                {t('cost.notSet')}{' '}
                <code class="mono">postwolke setting set monthlyCost "35.50 EUR"</code>
              </p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function CostFacts({ cost: { soFar, projected, currency } }: { readonly cost: Cost }) {
  return (
    <>
      <Fact name={t('cost.soFar')}>
        <span class="figure-value">{formatMoney(soFar, currency)}</span>
      </Fact>
      <Fact name={t('cost.projected')}>
        <span class="figure-value">{formatMoney(projected, currency)}</span>
      </Fact>
    </>
  )
}

function originText({ origin }: Cost): string {
  if (origin.kind === 'setting') return t('cost.bySetting')
  const { listed, region, asOf } = origin
  return region === listed
    ? t('cost.byList', { listed, asOf })
    : t('cost.byOtherList', { listed, region, asOf })
}

/** Of this month, whatever range the other plots have. */
export function CostPlot({ cost }: { readonly cost: Cost }) {
  return (
    <Plot
      title={t('plot.cost')}
      format={(amount) => formatMoney(amount, cost.currency)}
      data={costOverTime(cost, t('cost.soFar'))}
    />
  )
}
