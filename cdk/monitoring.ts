// Alarms and the dashboard. Every alarm has a runbook of the same name in docs/runbooks.md.

import { Duration, Stack } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { FargateService } from 'aws-cdk-lib/aws-ecs'
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import type { Deployment } from './configuration.ts'
import { createDashboard } from './dashboard.ts'
import type { LoadBalancer } from './load-balancer.ts'
import {
  deferredShare,
  FIVE_MINUTES,
  healthy,
  maxOf,
  ownMetric,
  sumOf,
  unhealthy,
} from './metrics.ts'
import type { Doorbell, Queues } from './queues.ts'
import type { Storage } from './storage.ts'
import { metricsNamespace } from './variables.ts'

export const alarmNames = [
  'IncomingAge',
  'ActiveAge',
  'DueLag',
  'DeferredAge',
  'DeferredShare',
  'Held',
  'Corrupt',
  'DeadLetters',
  'SweeperSilent',
  'NoHealthyEdge',
  'UnhealthyEdge',
  'EdgeCpu',
  'EdgeMemory',
  'RoundTrip',
  'FunctionErrors',
  'FunctionThrottles',
  'TableThrottles',
  'Failures',
  'CertificateDays',
  'LoginFailures',
] as const
export type AlarmName = (typeof alarmNames)[number]

export type Monitored = {
  readonly deployment: Deployment
  readonly storage: Storage
  readonly queues: Queues
  readonly loadBalancer: LoadBalancer
  readonly services: readonly {
    readonly service: FargateService
    readonly targetGroups: readonly NetworkTargetGroup[]
  }[]
  readonly functions: readonly { readonly lambda: Lambda }[]
}

const TWO_HOURS = Duration.hours(2)

type AlarmFacts = {
  /** What it means when it is red. */
  readonly meaning: string
  readonly metric: IMetric
  readonly threshold: number
  readonly operator?: ComparisonOperator
  /** Periods of the metric that are looked at, and how many of them must be bad. */
  readonly periods?: number
  readonly bad?: number
  /** Metrics are written when there is something to say; this one always has. */
  readonly isBadWithoutData?: true
}

export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, monitored: Monitored) {
    super(scope, id)
    const { alarmEmail } = monitored.deployment
    const tell = alarmEmail === '' ? undefined : telling(this, alarmEmail)
    const facts = alarmFacts(monitored)
    for (const name of alarmNames) {
      // Only who has an account for it can make round trips.
      if (name === 'RoundTrip' && monitored.deployment.probeSecretArn === '') continue
      const made = alarm(this, name, facts[name])
      if (tell !== undefined) made.addAlarmAction(tell)
    }
    createDashboard(this, monitored)
  }
}

function telling(scope: Construct, address: string): SnsAction {
  const topic = new Topic(scope, 'Topic', { displayName: 'Postwolke', enforceSSL: true })
  topic.addSubscription(new EmailSubscription(address))
  // A policy of its own, as enforceSSL makes one, takes the place of the one that lets alarms in.
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
  return new SnsAction(topic)
}

function alarm(scope: Construct, name: AlarmName, facts: AlarmFacts): Alarm {
  return new Alarm(scope, name, {
    alarmDescription: `${facts.meaning} (docs/runbooks.md, ${name})`,
    metric: facts.metric,
    threshold: facts.threshold,
    comparisonOperator: facts.operator ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: facts.periods ?? 1,
    datapointsToAlarm: facts.bad ?? facts.periods ?? 1,
    treatMissingData: facts.isBadWithoutData
      ? TreatMissingData.BREACHING
      : TreatMissingData.NOT_BREACHING,
  })
}

function alarmFacts({ deployment, queues, services, functions }: Monitored): {
  readonly [name in AlarmName]: AlarmFacts
} {
  const limits = deployment.preset.alarms
  const namespace = metricsNamespace(deployment)
  return {
    IncomingAge: {
      meaning: 'Accepted mail waits for cleanup',
      metric: oldestBell(queues.incoming),
      threshold: limits.incomingAgeSeconds,
      periods: 3,
    },
    ActiveAge: {
      meaning: 'Mail for others waits for delivery',
      metric: oldestBell(queues.active),
      threshold: limits.activeAgeSeconds,
      periods: 3,
    },
    DueLag: {
      meaning: 'Queued mail is tried later than it is due',
      metric: ownMetric(namespace, 'DueLagSeconds', Stats.MAXIMUM),
      threshold: limits.dueLagSeconds,
    },
    DeferredAge: {
      meaning: 'A message for others is tried again and again for hours',
      // Longer than the longest back-off, so that whatever waits is seen in each period.
      metric: ownMetric(namespace, 'DeferredAgeSeconds', Stats.MAXIMUM, TWO_HOURS),
      threshold: limits.deferredAgeSeconds,
    },
    DeferredShare: {
      meaning: 'Most attempts to deliver fail for now',
      metric: deferredShare(namespace, limits.deferredAttemptsMin),
      threshold: limits.deferredShare,
      periods: 3,
      bad: 2,
    },
    Held: {
      meaning: 'Much mail waits for an operator',
      metric: ownMetric(namespace, 'Held', Stats.MAXIMUM),
      threshold: limits.held,
    },
    Corrupt: {
      meaning: 'A message was set aside because no worker could digest it',
      metric: ownMetric(namespace, 'Corrupt'),
      threshold: 0,
    },
    DeadLetters: {
      meaning: 'No worker survived some message',
      metric: ownMetric(namespace, 'DeadLetters'),
      threshold: 0,
    },
    SweeperSilent: {
      meaning: 'Nothing that is due is tried again',
      // Each run that comes to its end has looked here once, and nobody else looks.
      metric: queues.incoming.dead.metricNumberOfEmptyReceives({
        period: FIVE_MINUTES,
        statistic: Stats.SUM,
      }),
      threshold: 1,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      periods: 2,
      isBadWithoutData: true,
    },
    NoHealthyEdge: {
      meaning: 'No container answers: nobody can send or read mail',
      metric: healthy(services),
      threshold: 1,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      periods: 3,
      isBadWithoutData: true,
    },
    UnhealthyEdge: {
      meaning: 'A container does not answer the load balancer',
      metric: unhealthy(services),
      threshold: 0,
      periods: 5,
    },
    EdgeCpu: {
      meaning: 'Containers have no processor time left',
      metric: maxOf(
        'cpu',
        services.map(({ service }) => service.metricCpuUtilization()),
      ),
      threshold: limits.edgePercent,
      periods: 3,
    },
    EdgeMemory: {
      meaning: 'Containers have no memory left',
      metric: maxOf(
        'memory',
        services.map(({ service }) => service.metricMemoryUtilization()),
      ),
      threshold: limits.edgePercent,
      periods: 3,
    },
    RoundTrip: {
      meaning: 'A message that a user sends does not reach its mailbox',
      metric: ownMetric(namespace, 'RoundTripSeconds', Stats.MAXIMUM),
      threshold: limits.roundTripSeconds,
      periods: 3,
      bad: 2,
      isBadWithoutData: true,
    },
    FunctionErrors: {
      meaning: 'A function failed, ran out of time or out of memory',
      metric: sumOf(
        'functionErrors',
        functions.map(({ lambda }) => lambda.metricErrors({ period: FIVE_MINUTES })),
      ),
      threshold: 0,
      periods: 3,
      bad: 2,
    },
    FunctionThrottles: {
      meaning: 'Lambda does not run functions as often as they are asked for',
      // Without a name: of all functions of the account in the region, who share what Lambda runs at a time.
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Throttles',
        statistic: Stats.SUM,
        period: FIVE_MINUTES,
      }),
      threshold: 0,
      periods: 3,
      bad: 2,
    },
    TableThrottles: {
      meaning: 'DynamoDB refuses requests',
      metric: ownMetric(namespace, 'Throttled'),
      threshold: limits.throttledPerFiveMinutes,
    },
    Failures: {
      meaning: 'Many errors in the logs',
      metric: ownMetric(namespace, 'Failures'),
      threshold: limits.failuresPerFiveMinutes,
    },
    CertificateDays: {
      meaning: 'The certificate was not renewed in time',
      // Tasks tell it twice a day.
      metric: ownMetric(namespace, 'CertificateDaysLeft', Stats.MINIMUM, Duration.days(1)),
      threshold: limits.certificateDays,
      operator: ComparisonOperator.LESS_THAN_THRESHOLD,
      periods: 2,
      bad: 1,
    },
    LoginFailures: {
      meaning: 'Somebody guesses passwords',
      metric: ownMetric(namespace, 'LoginFailures'),
      threshold: limits.loginFailuresPerFiveMinutes,
    },
  }
}

function oldestBell({ queue }: Doorbell): IMetric {
  return queue.metricApproximateAgeOfOldestMessage({
    period: Duration.minutes(1),
    statistic: Stats.MAXIMUM,
  })
}
