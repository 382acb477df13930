// What each resource of a template costs while nothing happens, in quantities of the price list.

import { HOURS_PER_MONTH, MINUTES_PER_MONTH, type PriceKey } from '#services/aws/prices.ts'
import { DUE_SHARDS } from '#shared/queue/keys.ts'
import { freeTypes } from './free-types.ts'
import { runsPerMonth } from './runs-per-month.ts'
import { type Fields, fields, list, type Resource, type Templates } from './templates.ts'

export type Cost =
  | { readonly what: string; readonly quantity: number; readonly price: PriceKey }
  | { readonly unknown: string }

type Pricing = (resource: Resource, all: Templates) => readonly Cost[]

export function costsOf(resource: Resource, all: Templates): readonly Cost[] {
  const { type } = resource
  if (freeTypes.has(type) || type.startsWith('Custom::')) return []
  return pricings[type]?.(resource, all) ?? [{ unknown: type }]
}

/** An enabled mapping polls its queue without a pause, with so many pollers and for so long at a time. */
const QUEUE_POLLERS = 5
const POLL_SECONDS = 20
const POLLS_PER_MONTH = (MINUTES_PER_MONTH * 60) / POLL_SECONDS
/** A task that watches renews its lease so often (watch-registry.ts). */
const LEASE_SECONDS = 30
const TLS_LOOK_UP_MINUTES = 10
/** Of incoming and of active, looked into by each run of the sweeper. */
const DEAD_LETTER_QUEUES = 2
/** What a scheduled function that finds nothing to do takes, and writes to its log with Lambda's own lines. */
const SCHEDULED_RUN_SECONDS = 0.2
const SCHEDULED_LOG_BYTES = 700
const MEMORY_DEFAULT_MB = 128
const BYTES_PER_GB = 1e9
/** From one renewal of an exported certificate to the next: 198 days less 45. */
const CERTIFICATE_DAYS = 153
const DASHBOARDS_FREE = 3

const pricings: { readonly [type: string]: Pricing } = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ({ type, properties }) => {
    if (properties.Type !== 'network') return [{ unknown: `${type} other than network` }]
    const mappings = list(properties.SubnetMappings)
    // Mappings with an address of their own are counted as that address.
    const subnets =
      mappings?.filter((mapping) => fields(mapping).AllocationId === undefined) ??
      list(properties.Subnets)
    if (subnets === undefined) return [{ unknown: `${type} with uncountable subnets` }]
    const internal = properties.Scheme === 'internal'
    return [
      { what: 'load balancer', quantity: HOURS_PER_MONTH, price: 'nlb.hour' },
      {
        what: 'addresses of the load balancer',
        quantity: internal ? 0 : subnets.length * HOURS_PER_MONTH,
        price: 'vpc.ipv4',
      },
    ]
  },

  'AWS::ECS::Service': tasks,

  'AWS::ECS::Cluster': ({ type, properties }) =>
    (list(properties.ClusterSettings) ?? []).some((setting) => {
      const { Name, Value } = fields(setting)
      return Name === 'containerInsights' && Value !== 'disabled'
    })
      ? [{ unknown: `${type} with Container Insights` }]
      : [],

  'AWS::EC2::EIP': () => [
    { what: 'elastic addresses', quantity: HOURS_PER_MONTH, price: 'vpc.ipv4' },
  ],
  'AWS::EC2::NatGateway': () => [
    { what: 'NAT gateways', quantity: HOURS_PER_MONTH, price: 'vpc.nat.hour' },
  ],
  'AWS::EC2::VPCEndpoint': ({ type, properties }) => {
    if (properties.VpcEndpointType === undefined || properties.VpcEndpointType === 'Gateway') {
      return []
    }
    const subnets = list(properties.SubnetIds)
    if (subnets === undefined) return [{ unknown: `${type} with uncountable subnets` }]
    const quantity = subnets.length * HOURS_PER_MONTH
    return [{ what: 'interface endpoints', quantity, price: 'vpc.vpce.hour' }]
  },

  'AWS::SecretsManager::Secret': () => [{ what: 'secrets', quantity: 1, price: 'sm.secret' }],
  'AWS::KMS::Key': () => [{ what: 'keys', quantity: 1, price: 'kms.key' }],
  'AWS::Route53::HostedZone': () => [{ what: 'hosted zones', quantity: 1, price: 'r53.zone' }],
  'AWS::CertificateManager::Certificate': ({ properties }) => {
    const { CertificateExport, DomainName, SubjectAlternativeNames } = properties
    if (CertificateExport !== 'ENABLED') return []
    const names = new Set([DomainName, ...(list(SubjectAlternativeNames) ?? [])].map(textOf))
    return [...names].map((name) => ({
      what: 'exported certificates',
      quantity: HOURS_PER_MONTH / 24 / CERTIFICATE_DAYS,
      price: name.startsWith('*.') ? 'acm.export.wildcard' : 'acm.export.fqdn',
    }))
  },

  'AWS::CloudWatch::Alarm': ({ properties }) => {
    const watched = (list(properties.Metrics) ?? [properties]).map(fields)
    const metrics = watched.filter(({ Expression }) => Expression === undefined)
    const periods = metrics.map(({ Period, MetricStat }) => Period ?? fields(MetricStat).Period)
    const fast = periods.some((seconds) => Number(seconds) < 60)
    return [
      fast
        ? { what: 'fast alarms', quantity: metrics.length, price: 'cw.alarm.fast' }
        : { what: 'alarms', quantity: metrics.length, price: 'cw.alarm' },
    ]
  },
  'AWS::CloudWatch::CompositeAlarm': () => [
    { what: 'composite alarms', quantity: 1, price: 'cw.alarm.composite' },
  ],
  'AWS::CloudWatch::Dashboard': ({ id, type }, all) => {
    const ids = all.resources.filter((other) => other.type === type).map((other) => other.id)
    const quantity = ids.indexOf(id) < DASHBOARDS_FREE ? 0 : 1
    return [{ what: 'dashboards', quantity, price: 'cw.dashboard' }]
  },
  // Target tracking makes two alarms of its own.
  'AWS::ApplicationAutoScaling::ScalingPolicy': ({ properties }) =>
    properties.PolicyType === 'TargetTrackingScaling'
      ? [{ what: 'alarms of target tracking', quantity: 2, price: 'cw.alarm' }]
      : [],
  // A filter with a default value writes its metric also when there is nothing.
  'AWS::Logs::MetricFilter': ({ properties }) =>
    (list(properties.MetricTransformations) ?? [])
      .filter((transformation) => fields(transformation).DefaultValue !== undefined)
      .map(() => ({ what: 'metrics of log filters', quantity: 1, price: 'cw.metric' })),

  'AWS::Lambda::EventSourceMapping': (mapping, all) => {
    const { Enabled, EventSourceArn, ProvisionedPollerConfig } = mapping.properties
    const source = all.referred(EventSourceArn, mapping)
    if (Enabled === false || source?.type.startsWith('AWS::DynamoDB::')) return []
    const what = 'queue polling by functions'
    if (ProvisionedPollerConfig === undefined) {
      return [{ what, quantity: QUEUE_POLLERS * POLLS_PER_MONTH, price: 'sqs.std' }]
    }
    const pollers = Number(fields(ProvisionedPollerConfig).MinimumPollers ?? 2)
    return [
      { what, quantity: pollers * POLLS_PER_MONTH, price: 'sqs.std' },
      { unknown: `${mapping.type} with provisioned pollers, whose hours have a price` },
    ]
  },
  'AWS::Lambda::Alias': withoutProvisionedConcurrency,
  'AWS::Lambda::Version': withoutProvisionedConcurrency,

  'AWS::Events::Rule': (rule, all) => {
    const { ScheduleExpression, State, Targets } = rule.properties
    if (ScheduleExpression === undefined || State === 'DISABLED') return []
    return (list(Targets) ?? []).flatMap((target) => scheduled(rule, fields(target), all))
  },
  'AWS::Scheduler::Schedule': (schedule, all) => {
    if (schedule.properties.State === 'DISABLED') return []
    const quantity = runsPerMonth(schedule.properties.ScheduleExpression) ?? 0
    return [
      { what: 'schedules', quantity, price: 'scheduler.invoke' },
      ...scheduled(schedule, fields(schedule.properties.Target), all),
    ]
  },

  'AWS::DynamoDB::Table': onDemand,
  'AWS::DynamoDB::GlobalTable': onDemand,
  'AWS::SSM::Parameter': ({ type, properties }) =>
    properties.Tier === 'Advanced' ? [{ unknown: `${type} of the advanced tier` }] : [],
}

function tasks(service: Resource, all: Templates): readonly Cost[] {
  const { DesiredCount, LaunchType, NetworkConfiguration, TaskDefinition } = service.properties
  const definition = all.referred(TaskDefinition, service)
  if (definition === undefined) return [{ unknown: `${service.type} without its task definition` }]
  if (LaunchType === 'EC2') return [{ unknown: `${service.type} on EC2` }]
  const { Cpu, Memory, RuntimePlatform, EphemeralStorage } = definition.properties
  const count = leastCapacity(service, all) ?? Number(DesiredCount ?? 1)
  const hours = count * HOURS_PER_MONTH
  const arm = fields(RuntimePlatform).CpuArchitecture === 'ARM64'
  const network = fields(fields(NetworkConfiguration).AwsvpcConfiguration)
  const variables = environmentOf(definition)
  const watchers = variables.has('WATCH_QUEUE_PREFIX') ? count : 0
  // Of active and of deferred.
  const polled = variables.has('ACTIVE_QUEUE_URL') ? 2 * count : 0
  const tlsReaders = variables.has('TLS_SECRET') ? count : 0
  return [
    {
      what: 'processors of tasks',
      quantity: (Number(Cpu) / 1_024) * hours,
      price: arm ? 'fargate.vcpu.arm' : 'fargate.vcpu.x86',
    },
    {
      what: 'memory of tasks',
      quantity: (Number(Memory) / 1_024) * hours,
      price: arm ? 'fargate.gb.arm' : 'fargate.gb.x86',
    },
    {
      what: 'addresses of tasks',
      quantity: network.AssignPublicIp === 'ENABLED' ? hours : 0,
      price: 'vpc.ipv4',
    },
    { what: 'queue polling by tasks', quantity: polled * POLLS_PER_MONTH, price: 'sqs.std' },
    { what: 'watch queue polling', quantity: watchers * POLLS_PER_MONTH, price: 'sqs.std' },
    {
      what: 'leases of watching tasks',
      quantity: (watchers * MINUTES_PER_MONTH * 60) / LEASE_SECONDS,
      price: 'ddb.wru',
    },
    {
      what: 'look-ups of the TLS secret',
      quantity: (tlsReaders * MINUTES_PER_MONTH) / TLS_LOOK_UP_MINUTES,
      price: 'sm.api',
    },
    ...(EphemeralStorage === undefined
      ? []
      : [{ unknown: `${definition.type} with more storage` }]),
  ]
}

/** Of the service's scalable target, which is named by a text that has the service in it. */
function leastCapacity(service: Resource, all: Templates): number | undefined {
  for (const { type, properties } of all.resources) {
    if (type !== 'AWS::ApplicationAutoScaling::ScalableTarget') continue
    if (JSON.stringify(properties.ResourceId ?? '').includes(`"${service.id}"`)) {
      return Number(properties.MinCapacity)
    }
  }
  return undefined
}

function environmentOf(definition: Resource): ReadonlySet<string> {
  const containers = list(definition.properties.ContainerDefinitions) ?? []
  const variables = containers.flatMap((container) => list(fields(container).Environment) ?? [])
  return new Set(variables.map((variable) => textOf(fields(variable).Name)))
}

function scheduled(rule: Resource, target: Fields, all: Templates): readonly Cost[] {
  const runs = runsPerMonth(rule.properties.ScheduleExpression)
  const named = all.referred(target.Arn, rule)
  const func =
    named?.type === 'AWS::Lambda::Alias'
      ? all.referred(named.properties.FunctionName, named)
      : named
  if (runs === undefined)
    return [{ unknown: `${rule.type} with a schedule that is not understood` }]
  if (func?.type !== 'AWS::Lambda::Function')
    return [{ unknown: `${rule.type} without a function` }]
  const memoryGb = Number(func.properties.MemorySize ?? MEMORY_DEFAULT_MB) / 1_024
  const rings = /"job\\?"\s*:\s*\\?"ring/.test(JSON.stringify(target.Input ?? ''))
  return [
    { what: 'runs of scheduled functions', quantity: runs, price: 'lambda.request' },
    {
      what: 'time of scheduled functions',
      quantity: runs * memoryGb * SCHEDULED_RUN_SECONDS,
      price: 'lambda.gbs.arm',
    },
    {
      what: 'logs of scheduled functions',
      quantity: (runs * SCHEDULED_LOG_BYTES) / BYTES_PER_GB,
      price: 'cw.logs.std',
    },
    // An index query that finds nothing is half a unit; a look into a queue costs the same whatever is in it.
    {
      what: 'queries of the sweeper',
      quantity: rings ? (runs * DUE_SHARDS) / 2 : 0,
      price: 'ddb.rru',
    },
    {
      what: 'looks for dead letters',
      quantity: rings ? runs * DEAD_LETTER_QUEUES : 0,
      price: 'sqs.std',
    },
  ]
}

function onDemand({ type, properties }: Resource): readonly Cost[] {
  return properties.BillingMode === 'PAY_PER_REQUEST'
    ? []
    : [{ unknown: `${type} with provisioned throughput` }]
}

function withoutProvisionedConcurrency({ type, properties }: Resource): readonly Cost[] {
  const { ProvisionedConcurrencyConfig } = properties
  return ProvisionedConcurrencyConfig === undefined
    ? []
    : [{ unknown: `${type} with provisioned concurrency` }]
}

/** Names may be built by functions; those are different names, and no wildcards. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
