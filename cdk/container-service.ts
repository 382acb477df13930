// A container service behind the load balancer: tasks of one image that serve some of the listeners with the rights those need.

import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib'
import { ComparisonOperator, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import type { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets'
import {
  AwsLogDriverMode,
  ContainerImage,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDriver,
  OperatingSystemFamily,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs'
import type { NetworkTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type {
  ContainerName,
  ContainerVariables,
  MetricName,
  OwnVariables,
} from '#services/aws/environment.ts'
import { variableOf } from '#shared/runtime/settings/load.ts'
import type { Deployment } from './configuration.ts'
import { HEALTH_PORT, type ListenerName, listenerTable, listenerVariables } from './listeners.ts'
import type { LoadBalancer } from './load-balancer.ts'
import { maxOf, minOf, ownMetric, sumOf } from './metrics.ts'
import type { Parts } from './parts.ts'
import { logins, readSecret } from './permissions.ts'
import type { Policy } from './services/policy.ts'
import { entryVariables } from './variables.ts'
import type { Watched } from './watched.ts'

/** What every container service is made from. */
export type ContainerParts = Parts & {
  readonly vpc: IVpc
  readonly cluster: ICluster
  readonly image: DockerImageAsset
  readonly loadBalancer: LoadBalancer
  readonly policy: Policy
}

/** The longest ECS waits between SIGTERM and SIGKILL. */
const STOP_TIMEOUT = Duration.seconds(120)
const CPU_TARGET_PERCENT = 60
/** Of processor or memory: where scaling out did not help, or there is nothing to scale. */
const BUSY_PERCENT = 80
/** A task that starts reads its certificate and opens its listeners; a failing one must not be killed before it could log. */
const HEALTH_GRACE = Duration.seconds(60)

export class ContainerService<Name extends ContainerName> extends Construct {
  readonly service: FargateService
  readonly targetGroups: readonly NetworkTargetGroup[]

  constructor(
    scope: Construct,
    name: Name,
    props: ContainerParts & {
      readonly listeners: readonly ListenerName[]
      readonly environment: Omit<OwnVariables<Name>, keyof ContainerVariables>
      readonly statements: readonly PolicyStatement[]
    },
  ) {
    super(scope, name)
    const { deployment, vpc, cluster, image, loadBalancer, listeners } = props
    const { preset } = deployment
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: preset.taskCpu,
      memoryLimitMiB: preset.taskMemoryMiB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    })
    const statements = [...containerStatements(props), ...props.statements]
    for (const statement of statements) task.addToTaskRolePolicy(statement)
    const container = task.addContainer(name, {
      image: ContainerImage.fromDockerImageAsset(image),
      readonlyRootFilesystem: true,
      stopTimeout: STOP_TIMEOUT,
      logging: LogDriver.awsLogs({
        streamPrefix: name,
        logGroup: new LogGroup(this, 'Log', {
          retention: deployment.logRetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        // A log that cannot be written must not stop the mail.
        mode: AwsLogDriverMode.NON_BLOCKING,
      }),
      environment: {
        ...entryVariables(deployment),
        ...listenerVariables(listeners),
        ...(deployment.clientAddress === 'proxy-v2' && {
          [variableOf('proxyTrustedNetworks')]: vpc.vpcCidrBlock,
        }),
        ...containerVariables(props),
        ...props.environment,
        AWS_REGION: Stack.of(this).region,
      },
      portMappings: [
        ...listeners.map((listener) => ({ containerPort: listenerTable[listener].containerPort })),
        { containerPort: HEALTH_PORT },
      ],
    })
    this.service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition: task,
      assignPublicIp: true,
      securityGroups: [loadBalancer.taskSecurityGroup],
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: HEALTH_GRACE,
      enableExecuteCommand: false,
      propagateTags: PropagatedTagSource.SERVICE,
      // More than one task comes with scaling; here a number would undo it at every deployment.
    })
    this.targetGroups = listeners.map((listener) =>
      loadBalancer.serve(listener, [
        this.service.loadBalancerTarget({
          containerName: container.containerName,
          containerPort: listenerTable[listener].containerPort,
        }),
      ]),
    )
    if (preset.tasksMax > preset.tasksMin) {
      this.service
        .autoScaleTaskCount({ minCapacity: preset.tasksMin, maxCapacity: preset.tasksMax })
        .scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: CPU_TARGET_PERCENT })
    }
    Tags.of(this).add('postwolke:component', name)
  }
}

/** Of all container services together: that they answer, have room and a certificate, and who comes to them. */
export function watchContainers(
  deployment: Deployment,
  containers: readonly Pick<ContainerService<ContainerName>, 'service' | 'targetGroups'>[],
): Watched {
  const cpu = containers.map(({ service }) => service.metricCpuUtilization())
  const memory = containers.map(({ service }) => service.metricMemoryUtilization())
  const own = (name: MetricName, statistic?: string, period?: Duration) =>
    ownMetric(deployment, name, statistic, period)
  return {
    alarms: [
      {
        name: 'NoHealthyEdge',
        meaning: 'No container answers: nobody can send or read mail',
        metric: healthy(containers),
        threshold: 1,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: 3,
        isBadWithoutData: true,
      },
      {
        name: 'UnhealthyEdge',
        meaning: 'A container does not answer the load balancer',
        metric: unhealthy(containers),
        threshold: 0,
        periods: 5,
      },
      {
        name: 'EdgeCpu',
        meaning: 'Containers have no processor time left',
        metric: maxOf('cpu', cpu),
        threshold: BUSY_PERCENT,
        periods: 3,
      },
      {
        name: 'EdgeMemory',
        meaning: 'Containers have no memory left',
        metric: maxOf('memory', memory),
        threshold: BUSY_PERCENT,
        periods: 3,
      },
      {
        name: 'CertificateDays',
        meaning: 'The certificate was not renewed in time',
        // Tasks tell it twice a day.
        metric: own('CertificateDaysLeft', Stats.MINIMUM, Duration.days(1)),
        threshold: 21,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: 2,
        bad: 1,
      },
      {
        name: 'LoginFailures',
        meaning: 'Somebody guesses passwords',
        metric: own('LoginFailures'),
        threshold: { hobby: 50, standard: 200, scale: 2_000 },
      },
    ],
    graphs: [
      { row: 'Inbound', title: 'Messages', metrics: [own('Accepted'), own('Rejected')] },
      { row: 'Inbound', title: 'Failed logins', metrics: [own('LoginFailures')] },
      {
        row: 'Inbound',
        title: 'Containers (%)',
        metrics: cpu.flatMap((metric, n) => [metric, ...memory.slice(n, n + 1)]),
      },
      { row: 'Inbound', title: 'Unhealthy', metrics: [unhealthy(containers)] },
      {
        row: 'Mailboxes',
        title: 'Event loop lag (ms)',
        metrics: [own('EventLoopLagMilliseconds', Stats.MAXIMUM)],
      },
      {
        row: 'Mailboxes',
        title: 'Certificate (days)',
        metrics: [own('CertificateDaysLeft', Stats.MINIMUM)],
      },
    ],
  }
}

type Served = readonly { readonly targetGroups: readonly NetworkTargetGroup[] }[]

/** All target groups of a service ask the same health check. */
function askedOf(containers: Served): readonly NetworkTargetGroup[] {
  return containers.flatMap(({ targetGroups }) => targetGroups.slice(0, 1))
}

/** Targets that answer, of the service that has fewest; none at all is also a service whose tasks cannot start. */
function healthy(containers: Served): IMetric {
  const period = Duration.minutes(1)
  const each = askedOf(containers).map(({ metrics }) =>
    metrics.healthyHostCount({ period, statistic: Stats.MAXIMUM }),
  )
  return minOf('healthy', each, period)
}

function unhealthy(containers: Served): IMetric {
  const period = Duration.minutes(1)
  const each = askedOf(containers).map(({ metrics }) =>
    metrics.unHealthyHostCount({ period, statistic: Stats.MAXIMUM }),
  )
  return sumOf('unhealthy', each, period)
}

/** What every container reads: accounts, mail, failed logins, and the certificate. */
function containerVariables({ deployment, storage }: Parts): ContainerVariables {
  const { directory, mail, counters } = storage.tables
  return {
    DIRECTORY_TABLE: directory.tableName,
    MAIL_TABLE: mail.tableName,
    COUNTERS_TABLE: counters.tableName,
    OBJECTS_BUCKET: storage.objects.bucketName,
    TLS_SECRET: storage.tlsSecret.secretArn,
    HEALTH_PORT: String(HEALTH_PORT),
    DRAIN_SECONDS: String(deployment.preset.drainSeconds),
    MEMORY_MIB: String(deployment.preset.taskMemoryMiB),
  }
}

function containerStatements({ storage }: Parts): PolicyStatement[] {
  return [readSecret(storage.tlsSecret.secretArn), ...logins(storage)]
}
