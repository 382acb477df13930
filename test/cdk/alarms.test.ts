// Alarms, outputs, what stacks know of each other, and all templates as they were.

import { describe, expect, it } from 'vitest'
import { outline } from './outline.ts'
import { alarmsOf, hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list, stackNames } from './synthesis.ts'

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
      expect(list(Properties.AlarmActions)).toHaveLength(1)
    }
    expect(
      standard.find('AWS::SNS::Subscription').map(({ Properties }) => Properties),
    ).toMatchObject([{ Protocol: 'email', Endpoint: 'postmaster@example.org' }])
    for (const { Properties } of hobby.find('AWS::CloudWatch::Alarm')) {
      expect(Properties.AlarmActions).toBeUndefined()
    }
  })

  it('may reach the topic that tells them', () => {
    const [policy] = standard.find('AWS::SNS::TopicPolicy')
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
      'DueLagSeconds',
      'Failures',
      'Held',
      'LoginFailures',
      'Throttled',
    ])
    for (const { Dimensions } of read) expect(Dimensions).toBeUndefined()
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

  it('of the relay host rings by the share of attempts and by age', () => {
    const share = alarmOf('DeferredShare')
    expect(share).toMatchObject({ ComparisonOperator: 'GreaterThanThreshold', Threshold: 0.5 })
    const [expression] = list(share?.Metrics).map((metric) => at(metric, 'Expression'))
    expect(expression).toBe(
      'IF((FILL(deferred, 0) + FILL(delivered, 0)) >= 20, FILL(deferred, 0) / (FILL(deferred, 0) + FILL(delivered, 0)), 0)',
    )
    // Longer than maximalBackoffTime, or what waits would not be seen in each period.
    expect(alarmOf('DeferredAge')).toMatchObject({ Threshold: 14_400, Period: 7_200 })
  })

  it('of functions rings for each of them', () => {
    const text = JSON.stringify(alarmOf('FunctionErrors')?.Metrics)
    const functions = standard.find('AWS::Lambda::Function').map(({ id }) => id)
    const own = functions.filter((id) =>
      /^(policy|cleanup|delivery|sweeper|collector|cert)/.test(id),
    )
    expect(own.length).toBe(6)
    expect(text.match(/"MetricName":"Errors"/g)).toHaveLength(own.length)
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
    for (const row of ['Inbound', 'Queue', 'Outbound', 'Mailboxes', 'Cost']) {
      expect(text).toContain(`## ${row}`)
    }
  })
})

describe('outputs', () => {
  it.each(syntheses)('of %s are where the command line looks for them', (_name, { templates }) => {
    const keys = stackNames.flatMap((name) => Object.keys(templates[name].Outputs ?? {}))
    expect(keys).toEqual(
      expect.arrayContaining([
        'DirectoryTable',
        'MailTable',
        'QueueTable',
        'CountersTable',
        'ObjectsBucket',
        'TlsSecret',
        'IncomingQueueUrl',
        'ActiveQueueUrl',
        'IncomingDeadQueueUrl',
        'ActiveDeadQueueUrl',
        'Settings',
        'WatchQueuePrefix',
        'LoadBalancerName',
        'PolicyFunction',
        'CleanupFunction',
        'DeliveryFunction',
        'SweeperFunction',
        'CollectorFunction',
      ]),
    )
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('stacks', () => {
  it.each(syntheses)('of %s lock no other stack', (_name, { templates }) => {
    for (const name of stackNames) {
      const { Outputs = {} } = templates[name]
      for (const output of Object.values(Outputs)) expect(output.Export).toBeUndefined()
      expect(JSON.stringify(templates[name])).not.toContain('Fn::ImportValue')
    }
  })

  it('name what they make only where it cannot be helped', () => {
    const names = stackNames.flatMap((name) =>
      Object.values(standard.templates[name].Resources).flatMap(({ Type, Properties = {} }) =>
        Object.keys(Properties)
          .filter((key) => /^(?:\w+Name|Name)$/.test(key) && !ofOthers.has(key))
          .map((key) => `${Type} ${key}`),
      ),
    )
    expect([...new Set(names)].sort()).toEqual(['AWS::Route53::RecordSet Name'])
  })

  it.each(syntheses)('of %s tag what they make', (_name, { deployment, find }) => {
    for (const { Properties } of [...find('AWS::Lambda::Function'), ...find('AWS::ECS::Service')]) {
      const tags = list(Properties.Tags).map((tag) => [at(tag, 'Key'), at(tag, 'Value')])
      expect(tags.map(([key]) => key)).toEqual([
        'postwolke:component',
        'postwolke:instance',
        'postwolke:version',
      ])
      expect(tags[1]?.[1]).toBe(deployment.name)
    }
  })

  it('are as they were', async () => {
    await expect(outline(standard)).toMatchFileSnapshot('standard.txt')
  })
})

/** Names of something else, and of roles' policies, which CDK names for itself. */
const ofOthers: ReadonlySet<string> = new Set([
  'ServiceName',
  'DisplayName',
  'DomainName',
  'FunctionName',
  'PolicyName',
  'MetricName',
  'GroupName',
])
