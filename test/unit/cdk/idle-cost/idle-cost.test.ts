import { describe, expect, it } from 'vitest'
import { idleBudgets, idleCost, overBudget } from '../../../../cdk/idle-cost/idle-cost.ts'
import { runsPerMonth } from '../../../../cdk/idle-cost/runs-per-month.ts'

type Resources = { readonly [id: string]: { readonly Type: string; readonly Properties?: object } }

const template = (Resources: Resources, Outputs: object = {}) => ({ Resources, Outputs })
const one = (Type: string, Properties: object = {}) => template({ Thing: { Type, Properties } })

/** Lines as `what: dollars`. */
function lines(...templates: readonly object[]): string[] {
  return idleCost(templates).lines.map(({ what, usd }) => `${what}: ${usd.toFixed(2)}`)
}

describe('idle cost', () => {
  it.each([
    [
      'a network load balancer and one address for each subnet',
      one('AWS::ElasticLoadBalancingV2::LoadBalancer', {
        Type: 'network',
        Subnets: [{ Ref: 'A' }, { Ref: 'B' }],
      }),
      ['load balancer: 16.43', 'addresses of the load balancer: 7.30'],
    ],
    [
      'no address of subnets that have an elastic one',
      one('AWS::ElasticLoadBalancingV2::LoadBalancer', {
        Type: 'network',
        SubnetMappings: [{ SubnetId: 'a', AllocationId: 'x' }, { SubnetId: 'b' }],
      }),
      ['load balancer: 16.43', 'addresses of the load balancer: 3.65'],
    ],
    ['elastic addresses', one('AWS::EC2::EIP'), ['elastic addresses: 3.65']],
    ['NAT gateways', one('AWS::EC2::NatGateway'), ['NAT gateways: 32.85']],
    [
      'interface endpoints in each zone',
      one('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b'] }),
      ['interface endpoints: 14.60'],
    ],
    ['no gateway endpoints', one('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' }), []],
    ['secrets', one('AWS::SecretsManager::Secret'), ['secrets: 0.40']],
    ['keys', one('AWS::KMS::Key'), ['keys: 1.00']],
    ['hosted zones', one('AWS::Route53::HostedZone'), ['hosted zones: 0.50']],
    [
      'certificates that are exported, by name',
      one('AWS::CertificateManager::Certificate', {
        CertificateExport: 'ENABLED',
        DomainName: 'mx.example.org',
        SubjectAlternativeNames: ['mx.example.org', 'imap.example.org'],
      }),
      ['exported certificates: 2.78'],
    ],
    ['no other certificates', one('AWS::CertificateManager::Certificate', { DomainName: 'a' }), []],
    [
      'an alarm on one metric',
      one('AWS::CloudWatch::Alarm', { MetricName: 'm' }),
      ['alarms: 0.10'],
    ],
    [
      'an alarm for each metric it watches',
      one('AWS::CloudWatch::Alarm', {
        Metrics: [
          { Expression: 'a / b' },
          { MetricStat: { Period: 300 } },
          { MetricStat: { Period: 300 } },
        ],
      }),
      ['alarms: 0.20'],
    ],
    [
      'dashboards beyond three',
      template(
        Object.fromEntries(
          ['a', 'b', 'c', 'd'].map((id) => [id, { Type: 'AWS::CloudWatch::Dashboard' }]),
        ),
      ),
      ['dashboards: 3.00'],
    ],
    [
      'polling of a queue for a function',
      one('AWS::Lambda::EventSourceMapping', { EventSourceArn: 'arn:aws:sqs:r:a:q' }),
      ['queue polling by functions: 0.26'],
    ],
    [
      'no polling by a mapping that is switched off',
      one('AWS::Lambda::EventSourceMapping', { Enabled: false }),
      [],
    ],
    [
      'the alarms that target tracking makes',
      one('AWS::ApplicationAutoScaling::ScalingPolicy', { PolicyType: 'TargetTrackingScaling' }),
      ['alarms of target tracking: 0.20'],
    ],
    [
      'nothing for tables on demand',
      one('AWS::DynamoDB::GlobalTable', { BillingMode: 'PAY_PER_REQUEST' }),
      [],
    ],
  ])('has %s', (_, given, expected) => {
    expect(lines(given)).toEqual(expected)
    expect(idleCost([given]).unknownTypes).toEqual([])
  })

  it('has tasks: processor, memory, address, and what the services in them do while idle', () => {
    expect(lines(template({ ...service(2), ...definition(512, 1_024) }))).toEqual([
      'processors of tasks: 23.64',
      'memory of tasks: 5.20',
      'addresses of tasks: 7.30',
      'watch queue polling: 0.11',
      'leases of watching tasks: 0.11',
      'look-ups of the TLS secret: 0.04',
    ])
  })

  it('counts the least capacity of a scaled service instead of the desired count', () => {
    const scaled = {
      ...service(5),
      ...definition(1_024, 2_048),
      Target: {
        Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
        Properties: {
          MinCapacity: 1,
          ResourceId: { 'Fn::Join': ['', ['service/x/', { 'Fn::GetAtt': ['Service', 'Name'] }]] },
        },
      },
    }
    expect(lines(template(scaled))).toContain('processors of tasks: 23.64')
  })

  it('finds a task definition and a function in other stacks', () => {
    const exports = {
      ExportsDefinition: { Value: { Ref: 'Definition' }, Export: { Name: 'Other:Definition' } },
    }
    const other = template(definition(256, 512), exports)
    const here = template(service(1, { 'Fn::ImportValue': 'Other:Definition' }))
    expect(lines(here, other)).toContain('processors of tasks: 5.91')
    const weak = { 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'ExportsDefinition' } }
    expect(lines(template(service(1, weak)), other)).toContain('processors of tasks: 5.91')
  })

  it('has scheduled functions: runs, time, logs, and the queries of the sweeper', () => {
    const rule = schedule('rate(1 minute)', '{"job":"ring"}')
    expect(lines(template({ ...rule, ...sweeper }))).toEqual([
      'runs of scheduled functions: 0.01',
      'time of scheduled functions: 0.06',
      'logs of scheduled functions: 0.02',
      'queries of the sweeper: 0.04',
      'looks for dead letters: 0.04',
    ])
    const daily = schedule('rate(1 day)', '{"job":"orphans"}')
    expect(idleCost([template({ ...daily, ...sweeper })]).lines.map(({ what }) => what)).toEqual([
      'runs of scheduled functions',
      'time of scheduled functions',
      'logs of scheduled functions',
    ])
  })

  it('names what it does not know, and counts it as unpriced', () => {
    const idle = idleCost([one('AWS::ElastiCache::ServerlessCache')])
    expect(idle.unknownTypes).toEqual(['AWS::ElastiCache::ServerlessCache (Thing)'])
    expect(idle.lines).toEqual([
      {
        what: 'unpriced: AWS::ElastiCache::ServerlessCache (Thing)',
        quantity: 1,
        unit: 'unpriced',
        usd: 0,
      },
    ])
  })

  it.each([
    [
      'another load balancer',
      one('AWS::ElasticLoadBalancingV2::LoadBalancer', { Type: 'application' }),
    ],
    [
      'subnets that cannot be counted',
      one('AWS::ElasticLoadBalancingV2::LoadBalancer', { Type: 'network', Subnets: { Ref: 'P' } }),
    ],
    ['tables with provisioned throughput', one('AWS::DynamoDB::Table', {})],
    ['a task definition that is nowhere', template(service(1))],
    [
      'a schedule of an unknown kind',
      template({ ...schedule('cron(0 L * * ? *)', ''), ...sweeper }),
    ],
    ['provisioned concurrency', one('AWS::Lambda::Alias', { ProvisionedConcurrencyConfig: {} })],
    [
      'provisioned pollers',
      one('AWS::Lambda::EventSourceMapping', { ProvisionedPollerConfig: {} }),
    ],
    [
      'Container Insights',
      one('AWS::ECS::Cluster', {
        ClusterSettings: [{ Name: 'containerInsights', Value: 'enabled' }],
      }),
    ],
  ])('names %s', (_, given) => {
    expect(idleCost([given]).unknownTypes).toHaveLength(1)
  })

  it.each([
    ['hobby', preset({ zones: ['a'], tasks: 1, cpu: 256, memory: 512 }), 33.9],
    ['standard', preset({ zones: ['a', 'b'], tasks: 2, cpu: 512, memory: 1_024 }), 62.9],
  ] as const)('is within the budget of the %s preset', (name, given, reference) => {
    const idle = idleCost([given])
    expect(overBudget(idle, name)).toEqual([])
    expect(idle.totalUsdPerMonth).toBeLessThanOrEqual(idleBudgets[name])
    expect(idle.totalUsdPerMonth).toBeGreaterThan(reference - 1)
  })

  it('says which line rose above the budget', () => {
    const dear = preset({ zones: ['a', 'b'], tasks: 1, cpu: 256, memory: 512 })
    const risen = overBudget(idleCost([dear]), 'hobby')
    expect(risen[0]).toMatch(/^idle cost \$37\.\d\d, budget \$36\.00$/)
    expect(risen).toContain('addresses of the load balancer: $7.30, planned $3.65')
    expect(risen.join()).not.toContain('processors')
  })
})

describe('runs a month', () => {
  it.each([
    ['rate(1 minute)', 43_800],
    ['rate(5 minutes)', 8_760],
    ['rate(1 hour)', 730],
    ['rate(1 day)', 730 / 24],
    ['cron(0 3 * * ? *)', 730 / 24],
    ['cron(0/15 * * * ? *)', 2_920],
    ['cron(0,30 4,16 1 * ? *)', 4],
    ['cron(0 3 ? * SUN *)', 730 / 24 / 7],
  ])('of %s', (expression, runs) => {
    expect(runsPerMonth(expression)).toBeCloseTo(runs, 6)
  })

  it('are unknown for what is not understood', () => {
    for (const expression of ['cron(0 L * * ? *)', 'at(2026-11-20T12:00:00)', { Ref: 'Rate' }]) {
      expect(runsPerMonth(expression)).toBeUndefined()
    }
  })
})

function service(DesiredCount: number, TaskDefinition: object = { Ref: 'Definition' }): Resources {
  const AwsvpcConfiguration = { AssignPublicIp: 'ENABLED', Subnets: ['a'] }
  return {
    Service: {
      Type: 'AWS::ECS::Service',
      Properties: { DesiredCount, TaskDefinition, NetworkConfiguration: { AwsvpcConfiguration } },
    },
  }
}

function definition(cpu: number, memory: number): Resources {
  const Environment = [
    { Name: 'WATCH_QUEUE_PREFIX', Value: 'pw-watch-' },
    { Name: 'TLS_SECRET', Value: { Ref: 'Secret' } },
  ]
  return {
    Definition: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Cpu: String(cpu),
        Memory: String(memory),
        RuntimePlatform: { CpuArchitecture: 'ARM64' },
        ContainerDefinitions: [{ Environment }],
      },
    },
  }
}

const sweeper: Resources = {
  Sweeper: { Type: 'AWS::Lambda::Function', Properties: { MemorySize: 512 } },
}

function schedule(ScheduleExpression: string, Input: string): Resources {
  const Targets = [{ Arn: { 'Fn::GetAtt': ['Sweeper', 'Arn'] }, Input }]
  return { Rule: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression, Targets } } }
}

/** The parts that a whole deployment has and that cost something. */
function preset(given: {
  readonly zones: readonly string[]
  readonly tasks: number
  readonly cpu: number
  readonly memory: number
}): object {
  const { zones, tasks, cpu, memory } = given
  const repeated = (name: string, count: number, Type: string, Properties: object = {}) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`${name}${n}`, { Type, Properties }]),
    )
  return template({
    Balancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { Type: 'network', Subnets: zones.map((Ref) => ({ Ref })) },
    },
    ...service(tasks),
    ...definition(cpu, memory),
    ...sweeper,
    ...schedule('rate(1 minute)', '{"job":"ring"}'),
    Secret: { Type: 'AWS::SecretsManager::Secret' },
    Zone: { Type: 'AWS::Route53::HostedZone' },
    ...repeated('Mapping', 4, 'AWS::Lambda::EventSourceMapping'),
    ...repeated('Alarm', 7, 'AWS::CloudWatch::Alarm', { MetricName: 'm' }),
  })
}
