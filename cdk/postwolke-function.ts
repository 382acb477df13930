// A function of the mail system. It can do what its statements say and write its own log; it is in no network, from where the
// services of AWS are reached directly.

import { type Duration, RemovalPolicy, Tags } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, type Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  Code,
  EventSourceMapping,
  Function as Lambda,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { FunctionName, OwnVariables, ScheduledEvent } from '#services/aws/environment.ts'
import type { Bundles } from './bundles.ts'
import type { Deployment } from './configuration.ts'
import { output } from './output.ts'
import { allow } from './permissions.ts'
import { entryVariables } from './variables.ts'
import type { AlarmFacts, Graph, Watched } from './watched.ts'

export type FunctionProps<Name extends FunctionName> = {
  readonly deployment: Deployment
  readonly bundles: Bundles
  readonly timeout: Duration
  /** Default: that of functions which compute. */
  readonly memoryMiB?: number
  readonly environment: OwnVariables<Name>
  readonly statements: readonly PolicyStatement[]
  /** Besides those of all functions (watchFunctions). */
  readonly alarms?: readonly AlarmFacts[]
  readonly graphs?: readonly Graph[]
}

export class PostwolkeFunction<Name extends FunctionName> extends Construct implements Watched {
  readonly lambda: Lambda
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]
  readonly #role: Role

  constructor(scope: Construct, name: Name, props: FunctionProps<Name>) {
    super(scope, name)
    const { deployment, bundles, timeout, memoryMiB = deployment.preset.functionMemoryMiB } = props
    this.alarms = props.alarms ?? []
    this.graphs = props.graphs ?? []
    const logGroup = new LogGroup(this, 'Log', {
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    this.#role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `What ${name} may do`,
    })
    this.#allow(
      allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
      ...props.statements,
    )
    this.lambda = new Lambda(this, 'Function', {
      description: `${deployment.name}: ${name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(bundles.functionCode(name)),
      role: this.#role,
      logGroup,
      loggingFormat: LoggingFormat.TEXT,
      memorySize: memoryMiB,
      timeout,
      environment: { ...entryVariables(deployment), ...props.environment },
    })
    Tags.of(this).add('postwolke:component', name)
    output(this, `${name[0]?.toUpperCase()}${name.slice(1)}Function`, this.lambda.functionName)
  }

  /** Lambda reads the queue with the function's own rights. */
  wokenBy(
    id: string,
    queue: Queue,
    how: { readonly batchSize: number; readonly concurrencyMax?: number },
  ): void {
    const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']
    this.#allow(allow(actions, [queue.queueArn]))
    const { batchSize, concurrencyMax } = how
    const mapping = new EventSourceMapping(this, id, {
      target: this.lambda,
      eventSourceArn: queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      ...(concurrencyMax !== undefined && { maxConcurrency: concurrencyMax }),
    })
    // Lambda looks whether it may read when the mapping is made.
    mapping.node.addDependency(this.#role)
  }

  every<Job extends string>(id: string, schedule: Schedule, event?: ScheduledEvent<Job>): void {
    const input = event === undefined ? {} : { event: RuleTargetInput.fromObject(event) }
    new Rule(this, id, { schedule, targets: [new LambdaFunction(this.lambda, input)] })
  }

  #allow(...statements: readonly PolicyStatement[]): void {
    for (const statement of statements) this.#role.addToPolicy(statement)
  }
}
