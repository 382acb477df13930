// The parts of the site for programs that watch over the system.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expositionOf, metricsOf } from '#services/metrics/exposition.ts'
import { createHealthPages } from '#services/metrics/health.ts'
import { createMetricsPage } from '#services/metrics/metrics-page.ts'
import type { WebPart } from '#shared/contracts/web.ts'
import { wordsStateKey } from '#shared/directory/words.ts'
import type { FigureCounter } from '#shared/figures/counter.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Settings } from '#shared/settings/table.ts'
import type { Backend } from './backend.ts'
import type { Measure } from './figures.ts'

export type MetricsParts = {
  readonly counter: Pick<FigureCounter, 'totals'>
  readonly measure: Measure
  readonly version: string
  /** As they are now. */
  readonly settings: () => Settings
  readonly isReady: () => boolean
  /** The one that listeners show now. */
  readonly certificate: () => Pick<CertificatePair, 'cert'>
}

const SECOND_MS = 1_000
const SECOND_US = 1_000_000

export function assembleMetrics(
  { store, clock }: Backend,
  { counter, measure, version, settings, isReady, certificate }: MetricsParts,
): readonly WebPart[] {
  const startedSeconds = Math.floor(clock.now() / SECOND_MS)
  return [
    {
      name: 'metrics',
      over: 'private',
      handler: createMetricsPage({
        networks: () => settings().metricsNetworks,
        async token() {
          const { metricsTokenFile } = settings()
          if (metricsTokenFile === '') return ''
          const text = await readFile(metricsTokenFile, 'utf8').catch((cause: unknown) => {
            throw new TemporaryFailure('cannot read metricsTokenFile', { cause })
          })
          return text.trim()
        },
        async exposition() {
          const { user, system } = process.cpuUsage()
          const cpuSeconds = (user + system) / SECOND_US
          const memoryBytes = process.memoryUsage.rss()
          const { validToDate } = new X509Certificate(certificate().cert)
          const facts = {
            ...{ cpuSeconds, memoryBytes, startedSeconds, version },
            certificateExpiresSeconds: Math.floor(validToDate.getTime() / SECOND_MS),
          }
          return expositionOf(metricsOf(counter.totals, await measure(), facts))
        },
      }),
    },
    {
      name: 'health',
      over: 'any',
      handler: createHealthPages({
        isReady,
        askStore: () => store.tables.directory.get(wordsStateKey),
      }),
    },
  ]
}
