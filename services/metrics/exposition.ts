// The figures of this process in the text format of Prometheus (version 0.0.4): counts since it began, and what was measured last. A few lines of
// ours in place of a library, which would count again what is counted already.

import { type FigureValues, splitKey } from '#shared/figures/counter.ts'
import {
  type FigureFacts,
  type FigureName,
  factsOfFigure,
  figureNames,
} from '#shared/figures/figures.ts'

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Metric = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  /** '' for none. */
  readonly label: string
  readonly samples: readonly { readonly label: string; readonly value: number }[]
}

/** What Prometheus has names of its own for. */
const ofProcess: ReadonlySet<FigureName> = new Set(['processor', 'memory'])

/** Names as Prometheus wants them: base units, and `_total` for what only grows. */
export function metricName(name: FigureName): string {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const { kind, unit } = factsOfFigure(name)
  if (kind === 'count') return `postwolke_${words}_total`
  const isUnitNamed = unit === 'seconds' || unit === 'bytes'
  return isUnitNamed ? `postwolke_${words}_${unit}` : `postwolke_${words}`
}

export type ProcessFacts = {
  readonly cpuSeconds: number
  readonly memoryBytes: number
  readonly startedSeconds: number
  readonly version: string
  /** Of the certificate that listeners show. */
  readonly certificateExpiresSeconds: number
}

export function metricsOf(
  totals: FigureValues,
  measured: FigureValues,
  facts: ProcessFacts,
): readonly Metric[] {
  const ours = figureNames
    .filter((name) => !ofProcess.has(name))
    .map((name) => {
      const figure = factsOfFigure(name)
      const values = figure.kind === 'count' ? totals : measured
      return metricOf(name, figure, values)
    })
  const one = (
    name: string,
    type: Metric['type'],
    help: string,
    value: number,
    label = '',
    text = '',
  ): Metric => ({ name, type, help, label, samples: [{ label: text, value }] })
  return [
    ...ours,
    one('postwolke_build_info', 'gauge', 'The version that runs.', 1, 'version', facts.version),
    one(
      'postwolke_certificate_expires_seconds',
      'gauge',
      'When the certificate of the listeners runs out, in seconds since 1970.',
      facts.certificateExpiresSeconds,
    ),
    one('process_cpu_seconds_total', 'counter', 'Processor time spent.', facts.cpuSeconds),
    one('process_resident_memory_bytes', 'gauge', 'Memory of the process.', facts.memoryBytes),
    one('process_start_time_seconds', 'gauge', 'When it began.', facts.startedSeconds),
  ]
}

function metricOf(name: FigureName, figure: FigureFacts, values: FigureValues): Metric {
  const { kind, about, by, openLabels } = figure
  const found = [...values].flatMap(([key, value]) => {
    const split = splitKey(key)
    return split.name === name ? { label: split.label, value } : []
  })
  const type = kind === 'count' ? 'counter' : 'gauge'
  const metric = { name: metricName(name), type, help: about } as const
  if (by === undefined || openLabels === true) {
    const value = found.reduce((sum, sample) => sum + sample.value, 0)
    return { ...metric, label: '', samples: [{ label: '', value }] }
  }
  return { ...metric, label: by, samples: found }
}

export function expositionOf(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, type, help, label, samples }) => {
      const lines = samples.map((sample) => {
        const labels = label === '' ? '' : `{${label}="${escaped(sample.label)}"}`
        return `${name}${labels} ${sample.value}\n`
      })
      return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
