// A deployment that runs: its functions behind their queues and schedules, its tasks behind the load balancer, and what tests may
// ask of it and do to it.

import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { Fauxqs } from '../emulators/fauxqs.ts'
import { RunningService } from './container-service.ts'
import { Poller } from './event-sources.ts'
import type { Gateway } from './gateway.ts'
import type { Inventory, Queue, Rule } from './inventory.ts'
import { LambdaPool } from './lambda-pool.ts'
import { LoadBalancerListener, TargetPool, watchHealth } from './load-balancer.ts'
import { operator } from './operator.ts'
import { localPlace } from './place.ts'
import { clientOptions, environmentOf, lambdaEnvironment } from './process-environment.ts'
import type { AdminClients } from './resources/making.ts'
import type { Outputs } from './stacks.ts'

const READY_TIMEOUT_MS = 90_000
const READY_EVERY_MS = 20

export type StartOptions = {
  /** Tasks of each service instead of the template's count. */
  readonly tasks?: number
  /** Processes of each function at the same time; default: as many as show what goes wrong among several. */
  readonly processesMax?: number
  /**
   * Other values for variables that the template sets, in every container: for times that no test can wait for. One that the
   * template does not set stays unset.
   */
  readonly containerVariables?: Readonly<Record<string, string>>
  /** Mail settings as variables, as if the deployment file had them too: so that templates serve several deployments. */
  readonly settings?: Readonly<Record<string, string>>
  /** A file with certificate authorities that functions trust besides Node's own: those of hosts on this machine. */
  readonly authorities?: string
  /** When the load balancer sends its PROXY header: what only AWS support can change. */
  readonly proxyHeader?: 'at-once'
}

type Parts = {
  readonly started: AsyncDisposableStack
  readonly fauxqs: Fauxqs
  readonly inventory: Inventory
  readonly functions: Map<string, LambdaPool>
  readonly gateway: Gateway
  readonly clients: AdminClients
  readonly outputs: Outputs
  readonly suffix: string
}

export class Deployment implements AsyncDisposable {
  readonly services: RunningService[] = []
  /** What went wrong between queues and functions and was tried again. */
  readonly pollingFailures: unknown[] = []
  readonly #parts: Parts
  readonly #balancerListeners = new Map<number, LoadBalancerListener>()
  readonly #pools = new Map<string, TargetPool>()
  #started: AsyncDisposableStack

  constructor(parts: Parts) {
    this.#parts = parts
    this.#started = parts.started
  }

  async start(options: StartOptions): Promise<void> {
    const { tasks, containerVariables, proxyHeader, authorities, settings = {} } = options
    const more = {
      ...settings,
      ...(authorities !== undefined && { NODE_EXTRA_CA_CERTS: authorities }),
    }
    this.#startFunctions(more, options.processesMax)
    await this.#startPollers()
    await this.#openFronts(proxyHeader)
    const { inventory, gateway } = this.#parts
    this.#started.defer(() => this.#stopServices())
    for (const service of inventory.services) {
      const running = new RunningService({
        service,
        inventory,
        pools: this.#pools,
        ...localPlace,
        endpoint: gateway.url,
        variables: containerVariables ?? {},
        settings,
      })
      this.services.push(running)
      const count = tasks ?? inventory.tasksOf(service)
      await Promise.all(Array.from({ length: count }, () => running.start()))
    }
    for (const running of this.services) await this.ready(running, running.tasks.length)
  }

  /** From now on everything ends with the deployment. */
  keep(started: AsyncDisposableStack): this {
    this.#started = started
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.disposeAsync()
  }

  get inventory(): Inventory {
    return this.#parts.inventory
  }

  /** Part of every name that was made up. */
  get suffix(): string {
    return this.#parts.suffix
  }

  get gateway(): Gateway {
    return this.#parts.gateway
  }

  /** Of the harness, not subject to any policy. */
  get clients(): AdminClients {
    return this.#parts.clients
  }

  get outputs(): Outputs {
    return this.#parts.outputs
  }

  /** Variables of a process that the operator runs. */
  get operatorEnvironment(): Readonly<Record<string, string>> {
    return environmentOf(operator, this.gateway.url)
  }

  /** As `cdk deploy --outputs-file` does. */
  async writeOutputs(path: string): Promise<void> {
    await writeFile(path, JSON.stringify(this.outputs, undefined, 2))
  }

  /** The loopback port that stands for the load balancer's. */
  port(listenerPort: number): number {
    const listener = this.#balancerListeners.get(listenerPort)
    if (listener === undefined)
      throw new Error(`the load balancer has no listener on ${listenerPort}`)
    return listener.port
  }

  /** By a part of its logical id, best its end. */
  service(name: string): RunningService {
    return named(this.services, name, ({ definition }) => definition.logicalId)
  }

  /** By a part of its logical id, best its end. */
  function(name: string): LambdaPool {
    const pools = [...this.#parts.functions.values()]
    return named(pools, name, ({ definition }) => definition.logicalId)
  }

  /** By a part of its logical id, best its end. */
  queue(name: string): Queue {
    return named(this.inventory.queues, name, ({ logicalId }) => logicalId)
  }

  /** Physical name, by a part of its logical id, best its end. */
  table(name: string): string {
    return named(this.inventory.tables, name, ({ logicalId }) => logicalId).name
  }

  /** Physical name, by a part of its logical id, best its end. */
  bucket(name: string): string {
    return named(this.inventory.buckets, name, ({ logicalId }) => logicalId).name
  }

  /** Resolves when so many tasks of the service take connections from the load balancer. */
  async ready(service: RunningService, count: number): Promise<void> {
    const endMs = Date.now() + READY_TIMEOUT_MS
    while (service.readyCount < count) {
      const dead = service.tasks.find(({ isAlive }) => !isAlive)
      if (dead !== undefined || Date.now() > endMs) {
        const why = dead === undefined ? 'did not get ready' : 'ended'
        throw new Error(`a task of ${service.definition.logicalId} ${why}:\n${service.output}`)
      }
      await delay(READY_EVERY_MS)
    }
  }

  /** Runs the rules of this interval (such as `1 minute`) now; rejects when a function fails. */
  async runSchedules(every: string): Promise<void> {
    const rules = this.inventory.rules.filter((rule) => rule.enabled && rule.every === every)
    if (rules.length === 0) throw new Error(`nothing is scheduled every ${every}`)
    await Promise.all(rules.map((rule) => this.#run(rule)))
  }

  /** The same again and again until it is disposed of, which rejects when a function failed. */
  runSchedulesEvery(everyMs: number, every: string): AsyncDisposable {
    const stopping = new AbortController()
    const { signal } = stopping
    const run = async () => {
      while (!signal.aborted) {
        await this.runSchedules(every)
        await delay(everyMs, undefined, { signal }).catch(() => undefined)
      }
    }
    const running = run()
    running.catch(() => undefined) // told to whoever disposes
    return {
      async [Symbol.asyncDispose]() {
        stopping.abort()
        await running
      },
    }
  }

  async #run(rule: Rule): Promise<void> {
    const event = { source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [rule.arn] }
    const { functions } = this.#parts
    await Promise.all(
      rule.targets.map(async ({ functionArn, input }) => {
        const outcome = await functions.get(functionArn)?.invoke(input ?? JSON.stringify(event))
        if (outcome?.kind !== 'returned') {
          throw new Error(`${rule.logicalId}: ${outcome?.payload}`)
        }
      }),
    )
  }

  /** Lets time pass for a queue: what was received and not deleted shows again. */
  expireVisibility(name: string): void {
    const queue = this.#parts.fauxqs.sqs.getQueueByName(this.queue(name).name)
    for (const receipt of [...(queue?.inflightMessages.keys() ?? [])]) {
      queue?.changeVisibility(receipt, 0)
    }
  }

  /** Lets time pass for a queue that a task has made for itself, or anybody else. */
  ageQueue(queueName: string, byMs: number): void {
    const queue = this.#parts.fauxqs.sqs.getQueueByName(queueName)
    if (queue === undefined) throw new Error(`there is no queue ${queueName}`)
    Object.assign(queue, { createdTimestamp: queue.createdTimestamp - Math.ceil(byMs / 1000) })
  }

  /** Bodies of the messages that are in the queue, in whatever state. */
  queued(name: string): readonly string[] {
    const found = this.#parts.fauxqs.sqs.inspectQueue(this.queue(name).name)
    if (found === undefined) return []
    const { ready, delayed, inflight } = found.messages
    return [...ready, ...delayed, ...inflight.map(({ message }) => message)].map(({ body }) => body)
  }

  /** What all processes have printed, for a test that fails. */
  get output(): string {
    const functions = [...this.#parts.functions.values()]
    return [...this.services, ...functions].map(({ output }) => output).join('')
  }

  #startFunctions(more: Readonly<Record<string, string>>, processesMax?: number): void {
    const { inventory, functions, gateway } = this.#parts
    for (const definition of inventory.functions) {
      const role = inventory.role(definition.roleArn)
      const environment = { ...lambdaEnvironment(definition, role, gateway.url), ...more }
      functions.set(definition.arn, new LambdaPool(definition, environment, processesMax))
    }
  }

  async #startPollers(): Promise<void> {
    const { inventory, functions, gateway } = this.#parts
    const pollers: Poller[] = []
    this.#started.defer(async () => {
      const stopped = pollers.map((poller) => poller.stop())
      await Promise.all([...functions.values()].map((each) => each.close()))
      await Promise.all(stopped)
    })
    for (const mapping of inventory.mappings.filter(({ enabled }) => enabled)) {
      const pool = functions.get(mapping.functionArn)
      if (pool === undefined) throw new Error(`${mapping.functionArn} does not run`)
      const role = inventory.role(pool.definition.roleArn)
      const sqs = new SQSClient(clientOptions(role, gateway.url))
      const poller = new Poller({
        mapping,
        queue: inventory.queue(mapping.queueArn),
        region: localPlace.region,
        sqs,
        invoke: (payload) => pool.invoke(payload),
        onFailure: (error) => void this.pollingFailures.push(error),
      })
      pollers.push(poller)
      await poller.start()
    }
  }

  async #openFronts(proxyHeader: 'at-once' | undefined): Promise<void> {
    const { inventory } = this.#parts
    for (const { port, targetGroupArn } of inventory.listeners) {
      const pool =
        this.#pools.get(targetGroupArn) ?? new TargetPool(inventory.targetGroup(targetGroupArn))
      this.#pools.set(targetGroupArn, pool)
      this.#balancerListeners.set(
        port,
        this.#started.use(await LoadBalancerListener.open(pool, proxyHeader)),
      )
    }
    const watching = new AbortController()
    const watch = watchHealth([...this.#pools.values()], watching.signal)
    this.#started.defer(async () => {
      watching.abort()
      await watch
    })
  }

  async #stopServices(): Promise<void> {
    await Promise.all(
      this.services.flatMap((service) => [...service.tasks].map((task) => service.kill(task))),
    )
  }
}

/** The one whose logical id ends in the name (before the hash that CDK appends), or else has it in it. */
function named<T>(all: readonly T[], name: string, idOf: (item: T) => string): T {
  const id = (item: T) => idOf(item).replace(hash, '').toLowerCase()
  const wanted = name.toLowerCase()
  const ending = all.filter((item) => id(item).endsWith(wanted))
  const matching = ending.length > 0 ? ending : all.filter((item) => id(item).includes(wanted))
  const [found, ...more] = matching
  if (found === undefined || more.length > 0) {
    throw new Error(`${matching.length} of ${all.map(idOf).join(', ')} match ${name}`)
  }
  return found
}

const hash = /[0-9A-F]{8}$/
