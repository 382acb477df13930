// What a deployment consists of besides its stored data: everything the harness starts, watches or checks, in plain words.

import type { Image } from './assembly.ts'
import type { PolicyDocument } from './iam.ts'

export type Role = {
  readonly name: string
  readonly arn: string
  readonly accessKeyId: string
  /** Services that may act in this role, such as `lambda.amazonaws.com`. */
  readonly trusted: readonly string[]
  readonly policies: PolicyDocument[]
}

export type LambdaFunction = {
  readonly logicalId: string
  readonly name: string
  readonly arn: string
  readonly roleArn: string
  readonly folder: string
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
  readonly memoryMb: number
  readonly reservedConcurrency: number | undefined
}

export type EventSourceMapping = {
  readonly functionArn: string
  readonly queueArn: string
  readonly batchSize: number
  readonly windowSeconds: number
  readonly reportsItemFailures: boolean
  readonly concurrencyMax: number | undefined
  readonly enabled: boolean
}

export type Rule = {
  readonly logicalId: string
  readonly arn: string
  /** Such as `1 minute`; undefined for a rule that waits for an event. */
  readonly every: string | undefined
  readonly enabled: boolean
  readonly targets: readonly { readonly functionArn: string; readonly input: string | undefined }[]
}

export type InvokePermission = {
  readonly functionArn: string
  readonly principal: string
  readonly sourceArn: string | undefined
}

export type Queue = {
  readonly logicalId: string
  readonly arn: string
  readonly url: string
  readonly name: string
  readonly visibilitySeconds: number
}

export type TaskDefinition = {
  readonly arn: string
  readonly family: string
  readonly taskRoleArn: string
  readonly executionRoleArn: string | undefined
  readonly containers: readonly Container[]
}

export type Container = {
  readonly name: string
  readonly image: Image
  readonly environment: Readonly<Record<string, string>>
  /** Variable to the ARN of its secret, as ECS reads them for the container. */
  readonly secrets: Readonly<Record<string, string>>
  readonly ports: readonly number[]
  readonly stopTimeoutSeconds: number
  readonly entryPoint: readonly string[] | undefined
  readonly command: readonly string[] | undefined
}

export type ContainerService = {
  readonly logicalId: string
  readonly name: string
  readonly taskDefinitionArn: string
  readonly desiredCount: number
  readonly securityGroups: readonly string[]
  readonly targets: readonly {
    readonly container: string
    readonly port: number
    readonly targetGroupArn: string
  }[]
}

export type TargetGroup = {
  readonly arn: string
  readonly healthPort: number
  readonly healthPath: string
  readonly proxyProtocol: ProxyProtocol
}

/** `with-payload`: as NLB does by default, the header waits for the client's first bytes. */
export type ProxyProtocol = 'off' | 'at-once' | 'with-payload'

export type Listener = {
  readonly loadBalancerArn: string
  readonly port: number
  readonly targetGroupArn: string
}

export type LoadBalancer = {
  readonly arn: string
  /** Undefined: made without, so that everything passes. */
  readonly securityGroups: readonly string[] | undefined
}

/** What may come in: `source` is a security group or a network. */
export type Ingress = {
  readonly group: string
  readonly source: string
  readonly fromPort: number
  readonly toPort: number
}

export class Inventory {
  readonly roles: Role[] = []
  readonly functions: LambdaFunction[] = []
  readonly mappings: EventSourceMapping[] = []
  readonly rules: Rule[] = []
  readonly permissions: InvokePermission[] = []
  readonly queues: Queue[] = []
  readonly tables: { readonly logicalId: string; readonly name: string }[] = []
  readonly buckets: { readonly logicalId: string; readonly name: string }[] = []
  readonly taskDefinitions: TaskDefinition[] = []
  readonly services: ContainerService[] = []
  readonly scaling: { readonly serviceName: string; readonly tasksMin: number }[] = []
  readonly targetGroups: TargetGroup[] = []
  readonly listeners: Listener[] = []
  readonly loadBalancers: LoadBalancer[] = []
  readonly ingresses: Ingress[] = []

  role(arn: string): Role {
    return one(this.roles, arn)
  }

  queue(arn: string): Queue {
    return one(this.queues, arn)
  }

  taskDefinition(arn: string): TaskDefinition {
    return one(this.taskDefinitions, arn)
  }

  /** How many tasks the service has when it is idle. */
  tasksOf({ name, desiredCount }: ContainerService): number {
    const minimums = this.scaling.filter(({ serviceName }) => serviceName === name)
    return Math.max(desiredCount, ...minimums.map(({ tasksMin }) => tasksMin))
  }

  targetGroup(arn: string): TargetGroup {
    return one(this.targetGroups, arn)
  }

  /** By name or ARN. */
  function(name: string): LambdaFunction {
    const found = this.functions.find((each) => each.name === name || each.arn === name)
    if (found === undefined) throw new Error(`there is no function ${name}`)
    return found
  }
}

function one<T extends { readonly arn: string }>(all: readonly T[], arn: string): T {
  const found = all.find((each) => each.arn === arn)
  if (found === undefined) throw new Error(`there is no ${arn}`)
  return found
}
