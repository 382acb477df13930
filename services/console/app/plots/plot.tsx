// A plot over time: drawn by uPlot on a canvas, told in a sentence, walked along by arrow keys, and there as a table. One cursor stands in
// all plots of a page.

import { useEffect, useId, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { formatTime } from '../kit/format.tsx'
import { locale, t } from '../kit/language.ts'
import { factsOf, moved, type PlotData, type Series, stacked } from './series.ts'

export type PlotLook = {
  readonly title: string
  /** A value with its unit, in words. */
  readonly format: (value: number) => string
  readonly kind?: 'lines' | 'bars'
  readonly scale?: 'linear' | 'log'
  /** A line that must not be crossed. */
  readonly limit?: { readonly label: string; readonly value: number }
}

const HEIGHT = 160
/** One pattern each, for who does not see the colours; by the order of series. */
const dashes = [[], [8, 4], [2, 3], [12, 3, 2, 3], [4, 2]]
const SYNC = 'plots'
const TABLE_ROWS_MAX = 300
/** Series that the sentence tells of; all are in the table. */
const TOLD = 2

export function Plot({ data, ...look }: PlotLook & { readonly data: PlotData }) {
  const id = useId()
  const [index, setIndex] = useState<number | undefined>()
  const [isTable, setTable] = useState(false)
  const at = index === undefined ? undefined : momentText(data, index, look.format)
  return (
    <figure class="plot" aria-labelledby={`${id}title`} aria-describedby={`${id}summary`}>
      <div class="plot-head">
        <h3 id={`${id}title`}>{look.title}</h3>
        <button
          type="button"
          class="button quiet"
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          {t('plot.as-table')}
        </button>
      </div>
      <p id={`${id}summary`} class="meta">
        {summaryText(data, look.format)}
      </p>
      {isTable ? (
        <PlotTable data={data} format={look.format} title={look.title} />
      ) : (
        <>
          <Drawing
            data={data}
            look={look}
            index={index}
            onMove={setIndex}
            labelledBy={`${id}title`}
          />
          <ul class="legend">
            {data.series.map(({ label, tone }, i) => (
              <li key={label}>
                <Stroke tone={tone} dash={dashes[i % dashes.length] ?? []} />
                {label}
              </li>
            ))}
          </ul>
        </>
      )}
      <output class="meta plot-moment" aria-live="polite">
        {at ?? '\u00a0'}
      </output>
    </figure>
  )
}

function Stroke({
  tone,
  dash,
}: {
  readonly tone: Series['tone']
  readonly dash: readonly number[]
}) {
  return (
    <svg class={`stroke tone-${tone}`} viewBox="0 0 24 8" aria-hidden="true">
      <path d="M0 4h24" stroke-dasharray={dash.join(' ')} />
    </svg>
  )
}

function Drawing({
  data,
  look,
  index,
  onMove,
  labelledBy,
}: {
  readonly data: PlotData
  readonly look: PlotLook
  readonly index: number | undefined
  readonly onMove: (index: number | undefined) => void
  readonly labelledBy: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const drawn = useRef<uPlot | undefined>(undefined)
  const told = useRef(onMove)
  told.current = onMove
  const shape = data.series.map(({ label, tone }) => `${label}/${tone}`).join()
  const speech = locale.value
  const [round, setRound] = useState(0)

  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const redraw = () => setRound((count) => count + 1)
    scheme.addEventListener('change', redraw)
    // The one that somebody chose stands on the root.
    const chosen = new MutationObserver(redraw)
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      scheme.removeEventListener('change', redraw)
      chosen.disconnect()
    }
  }, [])

  useEffect(() => {
    const target = box.current
    if (target === null) return
    const plot = new uPlot(
      optionsOf(target, data, look, (i) => told.current(i)),
      columnsOf(data, look),
      target,
    )
    drawn.current = plot
    const watching = new ResizeObserver(() =>
      plot.setSize({ width: target.clientWidth, height: HEIGHT }),
    )
    watching.observe(target)
    return () => {
      watching.disconnect()
      plot.destroy()
    }
  }, [shape, round, speech, look.kind, look.scale, look.limit?.value])

  useEffect(() => drawn.current?.setData(columnsOf(data, look)), [data])

  function move(event: KeyboardEvent): void {
    const to = moved(index, event.key, data.times.length)
    const plot = drawn.current
    if (to === undefined || plot === undefined) return
    event.preventDefault()
    // The page has keys of its own.
    event.stopPropagation()
    const left = plot.valToPos((data.times[to] ?? 0) / 1000, 'x')
    plot.setCursor({ left, top: HEIGHT / 4 })
    onMove(to)
  }

  return (
    <div
      class="plot-drawing"
      ref={box}
      role="slider"
      tabIndex={0}
      aria-labelledby={labelledBy}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, data.times.length - 1)}
      aria-valuenow={index ?? Math.max(0, data.times.length - 1)}
      aria-valuetext={momentText(data, index ?? data.times.length - 1, look.format) ?? ''}
      onKeyDown={move}
    />
  )
}

function columnsOf(data: PlotData, { kind, limit }: PlotLook): uPlot.AlignedData {
  const times = data.times.map((atMs) => atMs / 1000)
  // The highest first: the lower ones are drawn over it.
  const columns =
    kind === 'bars' ? [...stacked(data)].reverse() : data.series.map((one) => one.values)
  const rule = limit === undefined ? [] : [times.map(() => limit.value)]
  return [times, ...columns.map((column) => [...column]), ...rule]
}

function optionsOf(
  target: HTMLElement,
  data: PlotData,
  { kind = 'lines', scale = 'linear', limit, format }: PlotLook,
  onMove: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(target)
  const colour = colours(target)
  const axis = {
    stroke: colour('--muted'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour('--hairline'), width: 1 },
    ticks: { show: false },
  }
  const bars = uPlot.paths.bars?.({ size: [0.8, 24] })
  const lines: uPlot.Series[] = data.series.map(({ label, tone }, i) => ({
    label,
    stroke: colour(`--${tone}`),
    width: 2,
    points: { show: false },
    ...(kind === 'lines' && { dash: dashes[i % dashes.length] ?? [] }),
    ...(kind === 'bars' && { fill: colour(`--${tone}`) }),
    ...(kind === 'bars' && bars !== undefined && { paths: bars }),
  }))
  if (kind === 'bars') lines.reverse()
  const rule: uPlot.Series[] =
    limit === undefined
      ? []
      : [{ label: limit.label, stroke: colour('--bad'), width: 1, points: { show: false } }]
  return {
    width: target.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: {
      drag: { x: false, y: false },
      points: { show: kind === 'lines' },
      sync: { key: SYNC },
    },
    hooks: {
      setCursor: [({ cursor: { idx, event } }) => event && onMove(idx ?? undefined)],
    },
    scales: {
      y: scale === 'log' ? { distr: 3 } : { range: (_plot, _min, max) => [0, nice(max)] },
    },
    axes: [
      {
        ...axis,
        size: 28,
        values: (_plot, splits) => splits.map((seconds) => clockText(seconds * 1000)),
      },
      {
        ...axis,
        size: 64,
        values: (_plot, splits) => splits.map((value) => (value === null ? '' : format(value))),
      },
    ],
    series: [{}, ...lines, ...rule],
  }
}

/** A canvas knows no `light-dark()`: the browser is asked which of both it is. */
function colours(target: HTMLElement): (name: string) => string {
  const probe = target.appendChild(document.createElement('span'))
  const found = new Map<string, string>()
  queueMicrotask(() => probe.remove())
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known
    probe.style.color = `var(${name})`
    const { color } = getComputedStyle(probe)
    found.set(name, color)
    return color
  }
}

/** Room above the highest, and a scale where all is 0. */
const nice = (max: number | null) => (max === null || max <= 0 ? 1 : max * 1.1)

const clockText = (atMs: number) =>
  new Intl.DateTimeFormat(locale.value, { timeStyle: 'short' }).format(atMs)

/** Seconds of a minute's figure say nothing. */
const whenText = (atMs: number) =>
  new Date(atMs).toDateString() === new Date().toDateString() ? clockText(atMs) : formatTime(atMs)

function momentText(
  { times, series }: PlotData,
  index: number,
  format: (value: number) => string,
): string | undefined {
  const atMs = times[index]
  if (atMs === undefined) return undefined
  const values = series.map(({ label, values }) => {
    const value = values[index]
    const known = value === null || value === undefined
    return `${label}: ${known ? t('plot.nothing-known') : format(value)}`
  })
  return `${formatTime(atMs)} · ${values.join(' · ')}`
}

function summaryText(data: PlotData, format: (value: number) => string): string {
  const facts = factsOf(data)
  if (facts.length === 0) return t('plot.no-data')
  const parts = facts.slice(0, TOLD).map(({ label, last, peak, peakAtMs }) =>
    t('plot.fact', {
      label,
      last: format(last),
      peak: format(peak),
      at: whenText(peakAtMs),
    }),
  )
  return new Intl.ListFormat(locale.value, { type: 'unit', style: 'short' }).format(parts)
}

function PlotTable({
  data: { times, series },
  format,
  title,
}: {
  readonly data: PlotData
  readonly format: (value: number) => string
  readonly title: string
}) {
  const rows = times.map((atMs, i) => ({ atMs, i })).reverse()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <div class="plot-table" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('plot.time')}</th>
            {series.map(({ label }) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, TABLE_ROWS_MAX).map(({ atMs, i }) => (
            <tr key={atMs}>
              <th scope="row">{formatTime(atMs)}</th>
              {series.map(({ label, values }) => {
                const value = values[i]
                const isKnown = value !== null && value !== undefined
                return (
                  <td key={label} class="number">
                    {isKnown ? format(value) : '–'}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
