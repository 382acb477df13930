// What `/metrics` says, to whom; and that docs/metrics.md and the dashboard know the same names as the code.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { expositionOf, metricsOf } from '#services/metrics/exposition.ts'
import { createHealthPages } from '#services/metrics/health.ts'
import { createMetricsPage } from '#services/metrics/metrics-page.ts'
import { createFigureCounter, LABELS_MAX } from '#shared/figures/counter.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { tappedLog } from '#shared/runtime/tapped-log.ts'

const docs = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../../docs/${name}`, import.meta.url)), 'utf8')

const facts = {
  ...{ cpuSeconds: 1.5, memoryBytes: 2, startedSeconds: 3, version: '0.1"\\\n' },
  certificateExpiresSeconds: 4,
}

/** Every name with every label it can have. */
const metrics = metricsOf(
  new Map([
    ['accepted', 12],
    ['refused/reject_rbl_client', 3],
    ['refused/repeated', 1],
    ['deferred/a.test', 2],
    ['deferred/b.test', 5],
    ['delivered/local', 1],
    ['logins/imap', 4],
    ['loginFailures/smtp', 4],
  ]),
  new Map([
    ['queueMessages/waiting', 7],
    ['queueAge/p50', 60],
    ['storage/free', 9],
  ]),
  facts,
)

const rowOf = ({ name, type, label, help }: (typeof metrics)[number]) =>
  `| \`${name}\` | ${type} |${label === '' ? '' : ` \`${label}\``} | ${help} |`

describe('/metrics', () => {
  it('is the text format of Prometheus', () => {
    const text = expositionOf(metrics)
    expect(text).toContain(
      '# HELP postwolke_accepted_total Messages taken over, answered with 250.\n# TYPE postwolke_accepted_total counter\npostwolke_accepted_total 12\n',
    )
    expect(text).toContain('postwolke_refused_total{reason="reject_rbl_client"} 3\n')
    expect(text).toContain('postwolke_queue_age_seconds{quantile="p50"} 60\n')
    // Domains, which strangers choose, are no labels.
    expect(text).toContain('postwolke_deferred_total 7\n')
    expect(text).toContain('postwolke_build_info{version="0.1\\"\\\\\\n"} 1\n')
    expect(text).not.toMatch(/undefined|NaN/)
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(#|[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"\})? -?[\d.]+$)/)
    }
  })

  it('is told to networks near and to who has the token', async () => {
    const page = createMetricsPage({
      networks: () => ['192.0.2.0/24'],
      token: async () => 'secret-token',
      exposition: async () => 'x 1\n',
    })
    const ask = async (address: string, authorization = '', path = '/metrics') => {
      const headers = authorization === '' ? {} : { authorization }
      const request = new Request(`https://mx.test${path}`, { headers })
      return (await page(request, { address, isSecure: true }))?.status
    }
    expect(await ask('192.0.2.7')).toBe(200)
    expect(await ask('198.51.100.7')).toBe(401)
    expect(await ask('198.51.100.7', 'Bearer secret-token')).toBe(200)
    expect(await ask('198.51.100.7', 'Bearer secret-tokem')).toBe(401)
    expect(await ask('198.51.100.7', 'Bearer ')).toBe(401)
    expect(await ask('192.0.2.7', '', '/metrics/x')).toBe(undefined)
    const noToken = createMetricsPage({
      networks: () => [],
      token: async () => '',
      exposition: async () => '',
    })
    const request = new Request('https://mx.test/metrics', {
      headers: { authorization: 'Bearer x' },
    })
    expect((await noToken(request, { address: '192.0.2.7', isSecure: true }))?.status).toBe(401)
  })

  it('is what docs/metrics.md says, and no more', () => {
    const rows = docs('metrics.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.replaceAll(/ +\|/g, ' |'))
    expect(rows).toEqual(metrics.map(rowOf))
  })

  it('has the names that the dashboard asks for, and all of ours are shown there', () => {
    const names = metrics.map(({ name }) => name)
    const asked = [
      ...docs('grafana-dashboard.json').matchAll(/(?:postwolke|process)_[a-z_]+/g),
    ].map(([name]) => name)
    expect(asked.filter((name) => !names.includes(name))).toEqual([])
    expect(names.filter((name) => name.startsWith('postwolke') && !asked.includes(name))).toEqual(
      [],
    )
  })
})

describe('counts', () => {
  it('are of lines, of which one may stand for many, with a bounded number of labels', () => {
    const counter = createFigureCounter()
    const log = tappedLog(silentLog, counter.tap)
    log.child({ service: 'imap' }).info({ login: 'ann' }, 'logged in')
    log.info({ restriction: 'reject_rbl_client' }, 'recipient rejected')
    log.info({ times: 40 }, 'recipient rejected')
    log.error({}, 'something broke')
    log.debug({}, 'nothing')
    for (let n = 0; n < 2 * LABELS_MAX; n++) log.info({ to: `a@d${n}.test` }, 'deferred')
    const { totals } = counter
    expect(totals.get('logins/imap')).toBe(1)
    expect(totals.get('refused/reject_rbl_client')).toBe(1)
    expect(totals.get('refused/repeated')).toBe(40)
    expect(totals.get('errors')).toBe(1)
    expect(totals.get('deferred/other')).toBe(LABELS_MAX)
    expect(totals.size).toBe(4 + LABELS_MAX + 1)
    expect(counter.take().get('errors')).toBe(1)
    expect(counter.take().size).toBe(0)
  })
})

describe('health', () => {
  const pages = (isReady: boolean, askStore = async () => {}) => {
    const page = createHealthPages({ isReady: () => isReady, askStore })
    return async (path: string) => {
      const caller = { address: '198.51.100.7', isSecure: false }
      return (await page(new Request(`http://mx.test${path}`), caller))?.status
    }
  }

  it('is life, and readiness while ports are open and the store answers', async () => {
    expect(await pages(true)('/health/live')).toBe(200)
    expect(await pages(true)('/health/ready')).toBe(200)
    expect(await pages(false)('/health/live')).toBe(200)
    expect(await pages(false)('/health/ready')).toBe(503)
    const broken = async () => {
      throw new Error('no disk')
    }
    expect(await pages(true, broken)('/health/ready')).toBe(503)
    expect(await pages(true)('/health/x')).toBe(undefined)
    expect(await pages(true)('/healthy')).toBe(undefined)
  })
})
