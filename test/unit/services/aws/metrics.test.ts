import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { metricUnits } from '#services/aws/environment.ts'
import { countedLog, countedMessages, createMetrics } from '#services/aws/metrics.ts'
import { silentLog } from '#shared/runtime/log.ts'

function recorded() {
  const lines: string[] = []
  const metrics = createMetrics({
    namespace: 'Postwolke/test',
    now: () => 1_800_000_000_000,
    write: (line) => lines.push(line),
  })
  return { metrics, lines }
}

describe('metrics', () => {
  it('writes one line in the embedded metric format', () => {
    const { metrics, lines } = recorded()
    metrics.count('Accepted')
    metrics.count('Accepted')
    metrics.gauge('DueLagSeconds', 7)
    metrics.gauge('DueLagSeconds', 5)
    metrics.flush()
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      _aws: {
        Timestamp: 1_800_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'Postwolke/test',
            Dimensions: [[]],
            Metrics: [
              { Name: 'Accepted', Unit: 'Count' },
              { Name: 'DueLagSeconds', Unit: 'Seconds' },
            ],
          },
        ],
      },
      Accepted: 2,
      DueLagSeconds: 7,
    })
    expect(lines[0]).toMatch(/\}\n$/)
  })

  it('writes nothing while nothing happens, and begins anew after each line', () => {
    const { metrics, lines } = recorded()
    metrics.flush()
    metrics.count('Corrupt')
    metrics.flush()
    metrics.flush()
    expect(lines).toHaveLength(1)
  })
})

describe('a counted log', () => {
  it('counts decisions and errors, of its children too, and passes all on', () => {
    const { metrics, lines } = recorded()
    const passed: string[] = []
    const log = countedLog(
      { ...silentLog, info: (_, text) => passed.push(text), child: () => silentLog },
      metrics,
    )
    log.info({}, 'message accepted')
    log.info({}, 'ready')
    log.child({ service: 'delivery' }).error({}, 'message set aside as corrupt')
    metrics.flush()
    const [line = ''] = lines
    expect(JSON.parse(line)).toMatchObject({ Accepted: 1, Corrupt: 1, Failures: 1 })
    expect(passed).toEqual(['message accepted', 'ready'])
  })

  it('counts a line that stands for many as so many', () => {
    const { metrics, lines } = recorded()
    const log = countedLog(silentLog, metrics)
    log.info({}, 'recipient rejected')
    log.info({ network: '203.0.113.5', times: 40 }, 'recipient rejected')
    metrics.flush()
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ Rejected: 41 })
  })

  it('counts only messages that are logged somewhere', () => {
    const root = new URL('../../../../', import.meta.url)
    const sources = globSync('{services,shared}/**/*.ts', { cwd: root })
      .filter((file) => file !== 'services/aws/metrics.ts')
      .map((file) => readFileSync(new URL(file, root), 'utf8'))
      .join('\n')
    const unknown = Object.keys(countedMessages).filter((text) => !sources.includes(`'${text}'`))
    expect(unknown).toEqual([])
  })

  it('has a unit for every metric', () => {
    expect(Object.values(countedMessages).every((name) => name in metricUnits)).toBe(true)
  })
})
