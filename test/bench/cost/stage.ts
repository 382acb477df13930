// Where the cost benchmark plays: the emulators, one set of tables, bucket and queues, and tasks on them whose requests one meter
// counts.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { createLog } from '#shared/runtime/log-writer.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type AwsClients, openAwsClients } from '#shared/storage/aws/clients.ts'
import { type AwsStore, openAwsStore } from '#shared/storage/aws/open.ts'
import { createAwsResources } from '#test/support/emulators/aws-resources.ts'
import { startDynamoDbLocal } from '#test/support/emulators/dynamodb-local.ts'
import { CostMeter } from './meter.ts'
import { Overlaps } from './overlaps.ts'

export const REGION = 'us-east-1'
/** What CloudWatch adds to each event of a log. */
const LOG_EVENT_BYTES = 26
const BYTES_PER_GB = 1e9

export type Stage = NonNullable<Awaited<ReturnType<typeof openStage>>>

export type Task = {
  readonly store: AwsStore
  readonly backend: Backend
  readonly clients: AwsClients
}

/** Undefined without Java. */
export async function openStage() {
  await using resources = new AsyncDisposableStack()
  const dynamo = await startDynamoDbLocal()
  if (dynamo === undefined) return undefined
  resources.defer(dynamo.stop)
  const fauxqs = await startFauxqsProcess()
  resources.defer(fauxqs.stop)
  const options = {
    region: REGION,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    endpoints: { dynamodb: dynamo.endpoint, s3: fauxqs.endpoint, sqs: fauxqs.endpoint },
  }
  const admin = openAwsClients(options)
  const meter = new CostMeter(admin.dynamo)
  const overlaps = new Overlaps()
  resources.defer(async () => {
    for (const { store } of tasks) await store[Symbol.asyncDispose]()
  })
  const made = await createAwsResources(admin, 'bench')
  const tasks: Task[] = []
  let offsetMs = 0
  let taskCount = 0

  const now = () => Date.now() + offsetMs

  /** The time of the invocation that asks, else of the day. */
  const clock: Clock = {
    now: () => meter.time?.now() ?? now(),
    sleep(ms, signal) {
      const { time } = meter
      return time === undefined ? systemClock.sleep(ms, signal) : time.sleep(ms, signal)
    },
  }

  /** Bytes of a line as CloudWatch counts them. */
  function countLog(line: string): void {
    const bytes = Buffer.byteLength(line) + LOG_EVENT_BYTES
    meter.add('log', { 'cw.logs.std': bytes / BYTES_PER_GB })
  }

  const log = createLog({ level: 'info', format: 'json', destination: { write: countLog } })

  /** A process of the system. With the clients of another it is that one as it would be after a restart. */
  async function openTask(
    set: readonly string[] = [],
    taskLog = log,
    clients?: AwsClients,
  ): Promise<Task> {
    const loaded = loadSettings({
      environment: {},
      overrides: ['hostname=mx.example.test', 'defaultDomain=example.test', ...set],
    })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const taskId = `task-${taskCount++}`
    const used = clients ?? openAwsClients(options)
    if (clients === undefined) {
      meter.attach(used)
      overlaps.attach(used)
    }
    const store = await openAwsStore(
      { ...options, ...made, watchQueuePrefix: 'bench-watch-', taskId, clock, log: taskLog },
      used,
    )
    const backend = createBackend({ store, settings: loaded.settings, clock, log: taskLog })
    const task = { store, backend, clients: used }
    if (clients === undefined) tasks.push(task)
    return task
  }

  const opened = resources.move()
  return {
    meter,
    overlaps,
    log,
    countLog,
    openTask,
    now,
    /** Moves the clocks of all tasks. */
    later(ms: number) {
      offsetMs += ms
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function startFauxqsProcess() {
  const file = fileURLToPath(new URL('fauxqs-process.ts', import.meta.url))
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  return {
    endpoint: String(line).trim(),
    async stop() {
      const exited = once(child, 'exit')
      child.stdin.end()
      await exited
    },
  }
}
