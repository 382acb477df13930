// Functions and what calls them: event source mappings, schedules, permissions.

import { existsSync } from 'node:fs'
import { number, optionalText, record, records, text } from '../properties.ts'
import type { Physical } from '../template.ts'
import { arnOf, type Given, type Maker, physicalName } from './making.ts'

const TIMEOUT_SECONDS = 3
const MEMORY_MB = 128

function lambdaFunction(given: Given): Physical {
  const { properties, making, logicalId } = given
  const name = optionalText(properties, 'FunctionName') ?? physicalName(given)
  const arn = arnOf(given, 'lambda', `function:${name}`)
  const runtime = text(properties, 'Runtime')
  if (runtime !== 'nodejs24.x') throw new Error(`${logicalId}: the runtime ${runtime} is not known`)
  const environment = record(record(properties, 'Environment'), 'Variables')
  const folder = making.assets.codeFolder(text(record(properties, 'Code'), 'S3Key'))
  if (!existsSync(folder)) throw new Error(`the assembly has no folder ${folder}`)
  making.inventory.functions.push({
    logicalId,
    name,
    arn,
    roleArn: text(properties, 'Role'),
    folder,
    handler: text(properties, 'Handler'),
    environment: Object.fromEntries(
      Object.keys(environment).map((variable) => [variable, text(environment, variable)]),
    ),
    timeoutSeconds: number(properties, 'Timeout', TIMEOUT_SECONDS),
    memoryMb: number(properties, 'MemorySize', MEMORY_MB),
    reservedConcurrency:
      properties.ReservedConcurrentExecutions === undefined
        ? undefined
        : number(properties, 'ReservedConcurrentExecutions'),
  })
  return { ref: name, attributes: { Arn: arn } }
}

const BATCH_SIZE = 10
/** The limit of SQS for a batch without a window. */
const BATCH_SIZE_WITHOUT_WINDOW_MAX = 10

function mapping(given: Given): Physical {
  const { properties, making } = given
  const id = physicalName(given)
  const batchSize = number(properties, 'BatchSize', BATCH_SIZE)
  const windowSeconds = number(properties, 'MaximumBatchingWindowInSeconds', 0)
  if (batchSize > BATCH_SIZE_WITHOUT_WINDOW_MAX && windowSeconds < 1) {
    throw new Error(`${given.logicalId}: BatchSize above 10 needs MaximumBatchingWindowInSeconds`)
  }
  const scaling = record(properties, 'ScalingConfig')
  const responses = [properties.FunctionResponseTypes ?? []].flat()
  making.inventory.mappings.push({
    functionArn: making.inventory.function(text(properties, 'FunctionName')).arn,
    queueArn: making.inventory.queue(text(properties, 'EventSourceArn')).arn,
    batchSize,
    windowSeconds,
    reportsItemFailures: responses.includes('ReportBatchItemFailures'),
    concurrencyMax:
      scaling.MaximumConcurrency === undefined ? undefined : number(scaling, 'MaximumConcurrency'),
    enabled: properties.Enabled !== false,
  })
  return { ref: id, attributes: { Id: id } }
}

function rule(given: Given): Physical {
  const { properties, making, logicalId } = given
  const name = optionalText(properties, 'Name') ?? physicalName(given)
  const arn = arnOf(given, 'events', `rule/${name}`)
  const schedule = optionalText(properties, 'ScheduleExpression')
  if (schedule === undefined && properties.EventPattern === undefined) {
    throw new Error(`${logicalId} waits for nothing`)
  }
  making.inventory.rules.push({
    logicalId,
    arn,
    every: schedule === undefined ? undefined : interval(schedule),
    enabled: optionalText(properties, 'State') !== 'DISABLED',
    targets: records(properties, 'Targets').map((target) => ({
      functionArn: making.inventory.function(text(target, 'Arn')).arn,
      input: optionalText(target, 'Input'),
    })),
  })
  return { ref: name, attributes: { Arn: arn } }
}

/** `rate(5 minutes)`: the unit is singular after 1 only, otherwise AWS refuses. */
function interval(expression: string): string {
  const rate = /^rate\((1 (?:minute|hour|day)|(?!1 )[1-9]\d* (?:minutes|hours|days))\)$/
  const [, every] = rate.exec(expression) ?? []
  if (every === undefined) throw new Error(`the schedule ${expression} is not known here`)
  return every
}

function permission(given: Given): Physical {
  const { properties, making } = given
  if (text(properties, 'Action') !== 'lambda:InvokeFunction') {
    throw new Error(`${given.logicalId}: a permission for something else than to invoke`)
  }
  making.inventory.permissions.push({
    functionArn: making.inventory.function(text(properties, 'FunctionName')).arn,
    principal: text(properties, 'Principal'),
    sourceArn: optionalText(properties, 'SourceArn'),
  })
  const id = physicalName(given)
  return { ref: id, attributes: { Id: id } }
}

export const functionMakers: Readonly<Record<string, Maker>> = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventSourceMapping': mapping,
  'AWS::Lambda::Permission': permission,
  'AWS::Events::Rule': rule,
}
