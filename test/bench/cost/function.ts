// A Lambda function run in this process, and what an invocation of it costs besides its requests: the time it waits for AWS by
// usual latencies (function-time.ts), its own processor time at the share of a processor that its memory gives it, and the lines
// that Lambda writes into its log.

import { openFigureSender } from '#services/aws/figures.ts'
import type { LambdaContext, OpenedFunction } from '#services/aws/functions.ts'
import { countedLog, createMetrics } from '#services/aws/metrics.ts'
import { createFigureCounter } from '#shared/figures/counter.ts'
import type { AwsClients } from '#shared/storage/aws/clients.ts'
import { FunctionTime } from './function-time.ts'
import { REGION, type Stage } from './stage.ts'

/** Of the standard preset. */
const MEMORY_MB = 512
/** Memory that comes with one whole processor. */
const PROCESSOR_MB = 1_769

const REQUEST_ID = '6f9d4f1e-8d0b-4c39-9f4c-0d9f6a1f2b3c'
/** As they are in the TEXT format. */
const platformLines = [
  `START RequestId: ${REQUEST_ID} Version: $LATEST\n`,
  `END RequestId: ${REQUEST_ID}\n`,
  `REPORT RequestId: ${REQUEST_ID}\tDuration: 52.27 ms\tBilled Duration: 53 ms\tMemory Size: 512 MB\tMax Memory Used: 131 MB\t\n`,
]

const context: LambdaContext = { getRemainingTimeInMillis: () => 900_000 }

export type BenchFunction<Event, Answer> = {
  invoke(event: Event): Promise<Answer>
  /** Billed time of all invocations so far, and what of it was not waiting. */
  readonly times: { billedMs: number; processorMs: number; invocations: number }
}

/**
 * Opened anew for each event, but on the same connections: what a process keeps in memory must not make mail cheaper that comes
 * once in a while.
 */
export async function openBenchFunction<Event, Answer>(
  stage: Stage,
  name: string,
  set: readonly string[],
  open: (opened: OpenedFunction) => (event: Event, context: LambdaContext) => Promise<Answer>,
): Promise<BenchFunction<Event, Answer>> {
  const { meter } = stage
  const metrics = createMetrics({
    namespace: 'Postwolke/postwolke',
    now: Date.now,
    write: stage.countLog,
  })
  const log = countedLog(stage.log, metrics)
  const times = { billedMs: 0, processorMs: 0, invocations: 0 }
  let clients: AwsClients | undefined

  async function invoke(event: Event): Promise<Answer> {
    const task = await stage.openTask(set, log, clients)
    clients = task.clients
    const running = async () => task.backend
    const figures = openFigureSender({ backend: task.backend, counter: createFigureCounter() })
    const mayWork = async () => undefined
    const handler = open({ ...task, running, mayWork, metrics, figures, log, region: REGION })
    const time = new FunctionTime(stage.now())
    const before = process.threadCpuUsage()
    const answer = await meter.run(name, () => handler(event, context), time)
    const { user, system } = process.threadCpuUsage(before)
    await meter.settle()
    const processorMs = ((user + system) / 1_000) * Math.max(1, PROCESSOR_MB / MEMORY_MB)
    const billedMs = Math.ceil(time.waitedMs + processorMs)
    times.billedMs += billedMs
    times.processorMs += processorMs
    times.invocations++
    const gbSeconds = (MEMORY_MB / 1_024) * (billedMs / 1_000)
    meter.add('invocation', { 'lambda.request': 1, 'lambda.gbs.arm': gbSeconds }, name)
    await meter.run(name, async () => platformLines.forEach(stage.countLog))
    return answer
  }

  return { invoke, times }
}
