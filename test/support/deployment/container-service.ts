// A service of ECS: its tasks, registered at the target groups of its load balancer while they run.

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { Task } from './container-process.ts'
import type { Container, ContainerService, Inventory } from './inventory.ts'
import type { TargetPool } from './load-balancer.ts'
import { properties, text } from './properties.ts'

export type ServiceOptions = {
  readonly service: ContainerService
  readonly inventory: Inventory
  /** By target group. */
  readonly pools: ReadonlyMap<string, TargetPool>
  readonly region: string
  readonly accountId: string
  readonly endpoint: string
  /** In place of the template's values for the same variables. */
  readonly variables: Readonly<Record<string, string>>
  /** Mail settings besides the template's. */
  readonly settings: Readonly<Record<string, string>>
}

export class RunningService {
  readonly tasks: Task[] = []
  readonly #options: ServiceOptions
  readonly #ended: Task[] = []

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  get definition(): ContainerService {
    return this.#options.service
  }

  /** One more task; it is not ready yet. */
  async start(): Promise<Task> {
    const { inventory, service, region, accountId, endpoint } = this.#options
    const definition = inventory.taskDefinition(service.taskDefinitionArn)
    const [only, ...more] = definition.containers
    if (only === undefined || more.length > 0) throw new Error('a task has one container')
    const container = this.#changed(only)
    const secrets = await this.#secrets(container, definition.executionRoleArn)
    const role = inventory.role(definition.taskRoleArn)
    const task = await Task.start({ container, secrets, role, region, accountId, endpoint })
    this.tasks.push(task)
    for (const { targetGroupArn, port } of service.targets) {
      this.#pool(targetGroupArn).register({ address: task.address, port })
    }
    return task
  }

  /** Taken from the load balancer, then asked to end; resolves to its exit code. */
  async stop(task: Task): Promise<number | null> {
    this.#remove(task)
    return task.stop()
  }

  async kill(task: Task): Promise<void> {
    this.#remove(task)
    await task.kill()
  }

  /** Of each listener, the least number of tasks that answer its health check. */
  get readyCount(): number {
    const counts = this.definition.targets.map(
      ({ targetGroupArn }) => this.#pool(targetGroupArn).healthyCount,
    )
    return Math.min(...counts)
  }

  get output(): string {
    return [...this.#ended, ...this.tasks].map(({ output }) => output).join('')
  }

  #remove(task: Task): void {
    for (const { targetGroupArn } of this.definition.targets) {
      this.#pool(targetGroupArn).deregister(task.address)
    }
    this.tasks.splice(this.tasks.indexOf(task), 1)
    this.#ended.push(task)
  }

  #pool(targetGroupArn: string): TargetPool {
    const pool = this.#options.pools.get(targetGroupArn)
    if (pool === undefined) throw new Error(`no listener forwards to ${targetGroupArn}`)
    return pool
  }

  #changed(container: Container): Container {
    const { variables, settings } = this.#options
    const given = Object.keys(container.environment)
    const changes = Object.entries(variables).filter(([name]) => given.includes(name))
    return {
      ...container,
      environment: { ...container.environment, ...settings, ...Object.fromEntries(changes) },
    }
  }

  /** Variables that ECS fills from Secrets Manager, in the execution role. */
  async #secrets(
    container: Container,
    executionRoleArn: string | undefined,
  ): Promise<Readonly<Record<string, string>>> {
    const wanted = Object.entries(container.secrets)
    if (wanted.length === 0) return {}
    const { inventory, region, endpoint } = this.#options
    const { accessKeyId } = inventory.role(executionRoleArn ?? '')
    const credentials = { accessKeyId, secretAccessKey: 'secret' }
    const client = new SecretsManagerClient({ region, endpoint, credentials })
    const read = wanted.map(async ([variable, valueFrom]) => {
      // The ARN has seven parts; a key in its JSON may follow.
      const parts = valueFrom.split(':')
      const SecretId = parts.slice(0, 7).join(':')
      const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }))
      const key = parts[7]
      return [variable, key ? text(properties(JSON.parse(SecretString)), key) : SecretString]
    })
    try {
      return Object.fromEntries(await Promise.all(read))
    } finally {
      client.destroy()
    }
  }
}
