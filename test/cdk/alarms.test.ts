// Alarms and the dashboard.

import { describe, expect, it } from 'vitest'
import { metricUnits } from '#services/aws/environment.ts'
import { functionsOf } from './entries.ts'
import { readable } from './readable.ts'
import { alarmsOf, hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, type Synthesis } from './synthesis.ts'

describe('alarms', () => {
  it.each(syntheses)(
    'of %s have a runbook, and ring of silence where they are heartbeats',
    (_name, synthesis) => {
      for (const [name, alarm] of alarmsOf(synthesis)) {
        expect(alarm.AlarmDescription).toContain(`(docs/runbooks.md, ${name})`)
        const isHeartbeat = ['SweeperSilent', 'NoHealthyEdge', 'RoundTrip'].includes(name)
        expect(alarm.TreatMissingData, name).toBe(isHeartbeat ? 'breaching' : 'notBreaching')
      }
    },
  )

  it('are the same in every deployment, but for round trips, which need an account', () => {
    const names = [...alarmsOf(scale).keys()].filter((name) => name !== 'RoundTrip')
    expect([...alarmsOf(scale).keys()]).toContain('RoundTrip')
    expect([...alarmsOf(standard).keys()].sort()).toEqual(names.sort())
    expect([...alarmsOf(hobby).keys()].sort()).toEqual(names.sort())
  })

  it('are told to whoever is named', () => {
    for (const { Properties } of standard.find('AWS::CloudWatch::Alarm')) {
      const told = list(Properties.AlarmActions).map((topic) => readable(topic, standard))
      expect(told).toEqual(['MonitoringTopic'])
      expect(Properties.ActionsEnabled ?? true).toBe(true)
    }
    expect(
      standard.find('AWS::SNS::Subscription').map(({ Properties }) => Properties),
    ).toMatchObject([{ Protocol: 'email', Endpoint: 'postmaster@example.org' }])
    const [subscription] = standard.find('AWS::SNS::Subscription')
    expect(readable(subscription?.Properties.TopicArn, standard)).toBe('MonitoringTopic')
    for (const { Properties } of hobby.find('AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toBeUndefined()
    }
  })

  it('may reach the topic that tells them, which refuses whoever comes without TLS', () => {
    const [policy] = standard.find('AWS::SNS::TopicPolicy')
    expect(list(at(policy?.Properties, 'PolicyDocument.Statement'))).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Action: 'sns:Publish',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    )
    expect(list(at(policy?.Properties, 'PolicyDocument.Statement'))).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    )
  })

  it('read metrics that are written', () => {
    const read = [...alarmsOf(standard).values()].filter(
      ({ Namespace }) => Namespace === 'Postwolke/postwolke',
    )
    expect(read.map(({ MetricName }) => MetricName).sort()).toEqual([
      'CertificateDaysLeft',
      'Corrupt',
      'DeadLetters',
      'DeferredAgeSeconds',
      'DnsListsOff',
      'DueLagSeconds',
      'Failures',
      'Held',
      'LoginFailures',
      'Throttled',
    ])
    for (const { Dimensions } of read) expect(Dimensions).toBeUndefined()
    // Counters add up; of what is measured the worst value counts.
    const worst: { readonly [metric: string]: string } = {
      CertificateDaysLeft: 'Minimum',
      DeferredAgeSeconds: 'Maximum',
      DueLagSeconds: 'Maximum',
      Held: 'Maximum',
    }
    for (const { MetricName, Statistic } of read) {
      expect(Statistic, `${MetricName}`).toBe(worst[`${MetricName}`] ?? 'Sum')
    }
  })
})

describe('what is written', () => {
  it('is watched by an alarm or drawn', () => {
    const operations = [scale, standard].map(({ templates }) =>
      JSON.stringify(templates.operations),
    )
    for (const metric of Object.keys(metricUnits)) {
      expect(operations.join(), metric).toMatch(new RegExp(`\\\\?"${metric}\\\\?"`))
    }
  })
})

describe('an outage', () => {
  const alarmOf = (name: string) => alarmsOf(standard).get(name)

  it('of all containers rings, also when there is none that could be unhealthy', () => {
    const alarm = alarmOf('NoHealthyEdge')
    expect(alarm).toMatchObject({
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
    })
    expect(JSON.stringify(alarm?.Metrics)).toContain('"HealthyHostCount"')
  })

  it.each(syntheses)('of one service of %s rings though the others answer', (_name, synthesis) => {
    const services = synthesis.find('AWS::ECS::Service').length
    const alarm = alarmsOf(synthesis).get('NoHealthyEdge')
    expect(watched(alarm, 'Expression')).toEqual([expect.stringMatching(/^MIN\(\[/)])
    expect(watched(alarm, 'MetricStat.Metric.MetricName')).toEqual(
      Array.from({ length: services }, () => 'HealthyHostCount'),
    )
    // The most of a minute: none was there at any moment of it.
    expect(new Set(watched(alarm, 'MetricStat.Stat'))).toEqual(new Set(['Maximum']))
    const dimensions = JSON.stringify(watched(alarm, 'MetricStat.Metric.Dimensions'))
    expect(new Set(dimensions.match(/TargetGroupFullName/g))).toHaveLength(1)
    for (const name of ['EdgeCpu', 'EdgeMemory']) {
      const busy = alarmsOf(synthesis).get(name)
      expect(watched(busy, 'Expression')).toEqual([expect.stringMatching(/^MAX\(\[/)])
      expect(new Set(watched(busy, 'MetricStat.Metric.MetricName'))).toEqual(
        new Set([name === 'EdgeCpu' ? 'CPUUtilization' : 'MemoryUtilization']),
      )
      expect(watched(busy, 'MetricStat.Metric.MetricName')).toHaveLength(services)
    }
  })

  it('of a container rings, whichever service it is of', () => {
    const alarm = alarmsOf(scale).get('UnhealthyEdge')
    expect(watched(alarm, 'Expression')).toEqual([expect.stringMatching(/^SUM\(\[/)])
    expect(watched(alarm, 'MetricStat.Metric.MetricName')).toEqual(
      Array.from({ length: 3 }, () => 'UnHealthyHostCount'),
    )
  })

  it('of cleanup and of delivery rings by the age of the oldest bell in their queues', () => {
    for (const [name, queue] of [
      ['IncomingAge', 'incoming'],
      ['ActiveAge', 'active'],
      ['DeferredBellAge', 'deferred'],
    ] as const) {
      const alarm = alarmOf(name)
      expect(alarm).toMatchObject({
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateAgeOfOldestMessage',
        Statistic: 'Maximum',
      })
      expect(queueOf(alarm)).toBe(`Queues${queue}.QueueName`)
    }
  })

  it('of the sweeper rings, since nobody looks into the dead letters any more', () => {
    const alarm = alarmOf('SweeperSilent')
    expect(alarm).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'NumberOfEmptyReceives',
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    })
    expect(queueOf(alarm)).toBe('Queuesincomingdead.QueueName')
  })

  it('of the relay host rings by the share of attempts and by age', () => {
    const share = alarmOf('DeferredShare')
    expect(share).toMatchObject({ ComparisonOperator: 'GreaterThanThreshold', Threshold: 0.5 })
    const [expression] = list(share?.Metrics).map((metric) => at(metric, 'Expression'))
    expect(expression).toBe(
      'IF((FILL(deferred, 0) + FILL(delivered, 0)) >= 20, FILL(deferred, 0) / (FILL(deferred, 0) + FILL(delivered, 0)), 0)',
    )
    const metrics = list(share?.Metrics).slice(1)
    expect(metrics.map((metric) => at(metric, 'MetricStat'))).toMatchObject(
      ['Deferred', 'Delivered'].map((MetricName) => ({
        Metric: { Namespace: 'Postwolke/postwolke', MetricName },
        Stat: 'Sum',
      })),
    )
    // Longer than maximalBackoffTime, or what waits would not be seen in each period.
    expect(alarmOf('DeferredAge')).toMatchObject({ Threshold: 14_400, Period: 7_200 })
  })

  it('of functions rings for each of them', () => {
    const text = JSON.stringify(alarmOf('FunctionErrors')?.Metrics)
    const functions = standard.find('AWS::Lambda::Function').map(({ id }) => id)
    const own = functions.filter((id) =>
      /^(policy|cleanup|delivery|sweeper|collector|cert|jobs)/.test(id),
    )
    expect(own.length).toBe(7)
    expect(text.match(/"MetricName":"Errors"/g)).toHaveLength(own.length)
    const named = watched(alarmOf('FunctionErrors'), 'MetricStat.Metric.Dimensions.0.Value')
    expect(named.map((name) => readable(name, standard))).toEqual(
      functionsOf(standard)
        .filter(({ name }) => name !== 'api')
        .map(({ id }) => id),
    )
    // Its errors are answers of the HTTP API.
    expect(alarmOf('ApiFailures')).toMatchObject({ Namespace: 'AWS/ApiGateway', MetricName: '5xx' })
    expect(new Set(watched(alarmOf('FunctionErrors'), 'MetricStat.Stat'))).toEqual(new Set(['Sum']))
    // What Lambda runs at a time is shared by all functions of the account.
    expect(alarmOf('FunctionThrottles')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Throttles',
    })
    expect(alarmOf('FunctionThrottles')?.Dimensions).toBeUndefined()
  })
})

describe('the dashboard', () => {
  it('has a row for each part of the way', () => {
    const dashboards = standard.find('AWS::CloudWatch::Dashboard')
    expect(dashboards).toHaveLength(1)
    const text = JSON.stringify(dashboards[0]?.Properties)
    for (const row of ['Inbound', 'Queue', 'Outbound', 'Mailboxes', 'API', 'Cost']) {
      expect(text).toContain(`## ${row}`)
    }
  })

  it.each(syntheses)(
    'of %s has something in every graph, in whole columns: CloudWatch takes no others',
    (_name, synthesis) => {
      for (const { width, x, properties } of widgetsOf(synthesis)) {
        expect([width, x].every(Number.isInteger), properties.title).toBe(true)
        expect(x + width).toBeLessThanOrEqual(24)
      }
      const empty = graphsOf(synthesis).filter(({ metrics = [] }) => metrics.length === 0)
      expect(empty).toEqual([])
    },
  )

  it.each(syntheses)(
    'of %s draws each queue that wakes a function, each table, function and container',
    (_name, synthesis) => {
      const drawn = graphsOf(synthesis).flatMap(({ metrics = [] }) =>
        metrics.map(([namespace, metric, , dimension]) => `${namespace} ${metric} ${dimension}`),
      )
      const containers = synthesis.find('AWS::ECS::Service').length
      const count = (metric: string) => drawn.filter((each) => each.startsWith(metric)).length
      expect(count('AWS/ECS CPUUtilization')).toBe(containers)
      expect(count('AWS/ECS MemoryUtilization')).toBe(containers)
      const tables = ['Directory', 'Mail', 'Queue', 'Counters'].map((name) => `Storage${name}`)
      expect(drawn).toEqual(
        expect.arrayContaining([
          ...['incoming', 'active'].map(
            (name) => `AWS/SQS ApproximateAgeOfOldestMessage Queues${name}.QueueName`,
          ),
          ...tables.map((table) => `AWS/DynamoDB ConsumedReadCapacityUnits ${table}`),
          ...tables.map((table) => `AWS/DynamoDB ConsumedWriteCapacityUnits ${table}`),
          ...functionsOf(synthesis).map(({ id }) => `AWS/Lambda Duration ${id}`),
        ]),
      )
    },
  )
})

type Widget = {
  readonly type: string
  readonly width: number
  readonly x: number
  readonly properties: {
    readonly title?: string
    /** Namespace, name, dimension and its value, what is drawn of it; or an expression alone. */
    readonly metrics?: readonly (readonly unknown[])[]
  }
}

function widgetsOf(synthesis: Synthesis): readonly Widget[] {
  const [dashboard] = synthesis.find('AWS::CloudWatch::Dashboard')
  const parts = list(at(dashboard?.Properties, 'DashboardBody.Fn::Join.1'))
  const text = parts.map((part) =>
    typeof part === 'string' ? part : readable(part, synthesis).replaceAll('"', "'"),
  )
  return JSON.parse(text.join('')).widgets
}

function graphsOf(synthesis: Synthesis): readonly Widget['properties'][] {
  const graphs = widgetsOf(synthesis).filter(({ type }) => type === 'metric')
  expect(graphs.length).toBeGreaterThan(10)
  return graphs.map(({ properties }) => properties)
}

type Alarm = ReturnType<ReturnType<typeof alarmsOf>['get']>

/** Of each expression or metric that an alarm computes with, what is there at the path. */
function watched(alarm: Alarm, path: string): readonly unknown[] {
  return list(alarm?.Metrics)
    .map((metric) => at(metric, path))
    .filter((found) => found !== undefined)
}

function queueOf(alarm: Alarm): string {
  const [queue] = list(alarm?.Dimensions)
  expect(at(queue, 'Name')).toBe('QueueName')
  return readable(at(queue, 'Value'), standard)
}
