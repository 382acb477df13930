// sender: a container that delivers what the function delivery does elsewhere, to other hosts directly: behind an address of its own, with
// a name, since nobody takes mail from an address that changes. A task costs less than functions that wait for slow hosts, and has in one
// process how many go to a destination at a time.

import { Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib'
import { ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch'
import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
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
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { Construct } from 'constructs'
import type { OwnVariables } from '#services/aws/environment.ts'
import { EGRESS_SUBNETS } from '../network.ts'
import type { Parts } from '../parts.ts'
import { allow } from '../permissions.ts'
import type { BySize } from '../presets.ts'
import { entryVariables } from '../variables.ts'
import type { AlarmFacts, Graph, Watched } from '../watched.ts'
import { deliveryStatements, deliveryVariables, watchDelivery } from './outbound.ts'

/** Of the one task; 1024 are one processor. */
const sizes: BySize<{ readonly cpu: number; readonly memoryMiB: number }> = {
  hobby: { cpu: 256, memoryMiB: 512 },
  standard: { cpu: 256, memoryMiB: 512 },
  scale: { cpu: 1024, memoryMiB: 2048 },
}
/** SMTP, submission to hosts that routes name, and HTTPS for AWS and MTA-STS. */
const PORTS = [25, 443, 465, 587] as const
const STOP_TIMEOUT = Duration.seconds(120)

export class Sender extends Construct implements Watched {
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]

  constructor(
    scope: Construct,
    parts: Parts & {
      readonly vpc: IVpc
      readonly cluster: ICluster
      readonly image: DockerImageAsset
      /** From which it is seen to come. */
      readonly address: string
    },
  ) {
    super(scope, 'sender')
    const { deployment, queues, vpc, cluster, image, address } = parts
    const { cpu, memoryMiB } = sizes[deployment.preset.name]
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu,
      memoryLimitMiB: memoryMiB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    })
    const bells = [queues.active.queue.queueArn, queues.deferred.queue.queueArn]
    const statements = [
      ...deliveryStatements(this, parts),
      allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], bells),
    ]
    for (const statement of statements) task.addToTaskRolePolicy(statement)
    const variables: OwnVariables<'sender'> = deliveryVariables(parts)
    task.addContainer('sender', {
      image: ContainerImage.fromDockerImageAsset(image),
      entryPoint: ['node', '/app/sender.mjs'],
      readonlyRootFilesystem: true,
      stopTimeout: STOP_TIMEOUT,
      logging: LogDriver.awsLogs({
        streamPrefix: 'sender',
        logGroup: new LogGroup(this, 'Log', {
          retention: deployment.logRetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        mode: AwsLogDriverMode.NON_BLOCKING,
      }),
      environment: {
        ...entryVariables(deployment),
        ...variables,
        AWS_REGION: Stack.of(this).region,
      },
    })
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Mail to other hosts',
      allowAllOutbound: false,
    })
    const ports = new Set<number>([...PORTS, ...deployment.sourcePorts])
    for (const port of ports) securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(port), `${port}`)
    const service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition: task,
      desiredCount: 1,
      assignPublicIp: false,
      vpcSubnets: { subnetGroupName: EGRESS_SUBNETS },
      securityGroups: [securityGroup],
      // For minutes there are two of them: each group is delivered under a lease.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      enableExecuteCommand: false,
      propagateTags: PropagatedTagSource.SERVICE,
    })
    this.#publishName(parts, address)
    const watched = watchDelivery(deployment)
    this.graphs = watched.graphs
    this.alarms = [
      ...watched.alarms,
      {
        name: 'NoSender',
        meaning: 'No container sends: mail for others waits',
        // Told as long as a task runs.
        metric: service.metricCpuUtilization(),
        threshold: 0,
        operator: ComparisonOperator.LESS_THAN_THRESHOLD,
        periods: 3,
        isBadWithoutData: true,
      },
    ]
    Tags.of(this).add('postwolke:component', 'sender')
  }

  #publishName({ deployment: { hostedZone, senderName } }: Parts, address: string): void {
    if (hostedZone === undefined) return
    new ARecord(this, 'Name', {
      zone: HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: hostedZone.id,
        zoneName: hostedZone.name,
      }),
      recordName: `${senderName}.`,
      target: RecordTarget.fromIpAddresses(address),
    })
  }
}
