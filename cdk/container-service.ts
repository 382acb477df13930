// A container service behind the load balancer: tasks of one image that serve some of the listeners with the rights those need.

import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib'
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
import type { ContainerName, ContainerVariables, OwnVariables } from '#services/aws/environment.ts'
import { variableOf } from '#shared/settings/load.ts'
import { HEALTH_PORT, type ListenerName, listenerTable, listenerVariables } from './listeners.ts'
import type { LoadBalancer } from './load-balancer.ts'
import type { Parts } from './parts.ts'
import { logins, readOidcSecret, readSecret, readSettings, sendFigures } from './permissions.ts'
import type { Policy } from './services/policy.ts'
import { entryVariables } from './variables.ts'

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

/** What every container reads: accounts, mail, failed logins, and the certificate. */
function containerVariables({ deployment, storage }: Parts): ContainerVariables {
  const { directory, mail, counters } = storage.tables
  return {
    DIRECTORY_TABLE: directory.tableName,
    MAIL_TABLE: mail.tableName,
    COUNTERS_TABLE: counters.tableName,
    OBJECTS_BUCKET: storage.objects.bucketName,
    TLS_SECRET: storage.tlsSecret.secretArn,
    OIDC_CLIENT_SECRET: deployment.oidcClientSecretArn,
    HEALTH_PORT: String(HEALTH_PORT),
    DRAIN_SECONDS: String(deployment.preset.drainSeconds),
    MEMORY_MIB: String(deployment.preset.taskMemoryMiB),
  }
}

function containerStatements({ deployment, storage }: Parts): PolicyStatement[] {
  return [
    readSecret(storage.tlsSecret.secretArn),
    ...readOidcSecret(deployment),
    readSettings(storage),
    sendFigures(storage),
    ...logins(storage),
  ]
}
