// A task of a service: the process of its container, in a copy of the image, with the environment of the task definition and
// nothing else. On Fargate each task has an address of its own; here each gets one of loopback's, and
// `POSTWOLKE_LISTENERS__…__ADDRESS` and `HEALTH_ADDRESS` to say so. That is the only thing a task is told here beyond its
// definition.

import { randomInt, randomUUID } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { variableOf } from '#shared/settings/load.ts'
import { listenerNames } from '#test/support/server-process.ts'
import type { Image } from './assembly.ts'
import { killProcess, type Started, startProcess } from './child-process.ts'
import { type ImageRecipe, readDockerfile } from './dockerfile.ts'
import type { Container } from './inventory.ts'
import { properties, record } from './properties.ts'
import { openTaskMetadata, type TaskMetadata } from './task-metadata.ts'

const repositoryModules = fileURLToPath(new URL('../../../node_modules', import.meta.url))

export type TaskOptions = {
  readonly container: Container
  /** Read by ECS in the execution role before the container starts. */
  readonly secrets: Readonly<Record<string, string>>
  readonly role: { readonly arn: string; readonly accessKeyId: string }
  readonly region: string
  readonly accountId: string
  readonly endpoint: string
}

export class Task {
  static async start(options: TaskOptions): Promise<Task> {
    const { container, role, region } = options
    const arn = `arn:aws:ecs:${region}:${options.accountId}:task/${randomUUID()}`
    const address = loopbackAddress()
    const root = await mkdtemp(join(tmpdir(), 'postwolke-task-'))
    const recipe = await unpack(container.image, root)
    const metadata = await openTaskMetadata({
      arn,
      roleArn: role.arn,
      accessKeyId: role.accessKeyId,
    })
    const [command = '', ...args] = [
      ...(container.entryPoint ?? recipe.entryPoint),
      ...(container.command ?? (container.entryPoint === undefined ? recipe.command : [])),
    ]
    if (command !== 'node') throw new Error(`${container.name}: the image does not run node`)
    const inside = `${recipe.workingDirectory}/`
    const here = args.map((word) =>
      word.startsWith(inside) ? join(root, word.slice(inside.length)) : word,
    )
    const started = startProcess(process.execPath, here, {
      cwd: root,
      environment: {
        ...recipe.environment,
        ...container.environment,
        ...options.secrets,
        ...metadata.variables,
        ...addresses(address),
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
        AWS_ENDPOINT_URL: options.endpoint,
      },
    })
    return new Task(container, address, root, metadata, started)
  }

  readonly container: Container
  readonly address: string
  readonly #root: string
  readonly #metadata: TaskMetadata
  readonly #started: Started

  private constructor(
    container: Container,
    address: string,
    root: string,
    metadata: TaskMetadata,
    started: Started,
  ) {
    this.container = container
    this.address = address
    this.#root = root
    this.#metadata = metadata
    this.#started = started
  }

  get pid(): number {
    return this.#started.child.pid ?? 0
  }

  get isAlive(): boolean {
    return this.#started.child.exitCode === null && this.#started.child.signalCode === null
  }

  get output(): string {
    return this.#started.output()
  }

  /** Exit code, null after a signal. */
  get ended(): Promise<number | null> {
    return this.#started.ended
  }

  /** As ECS takes a task away: its metadata say so, SIGTERM, and SIGKILL when the stop timeout is over. */
  async stop(): Promise<number | null> {
    this.#metadata.desiredStatus = 'STOPPED'
    this.#started.child.kill('SIGTERM')
    const giveUp = new AbortController()
    const late = delay(this.container.stopTimeoutSeconds * 1000, undefined, {
      signal: giveUp.signal,
      ref: false,
    }).then(
      () => killProcess(this.#started),
      () => undefined,
    )
    const code = await this.#started.ended
    giveUp.abort()
    await late
    await this.#clear()
    return code
  }

  async kill(): Promise<void> {
    await killProcess(this.#started)
    await this.#clear()
  }

  async #clear(): Promise<void> {
    this.#metadata.close()
    await rm(this.#root, { recursive: true, force: true })
  }
}

/** Any of loopback's sixteen million, so that test files beside each other do not meet. */
function loopbackAddress(): string {
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

function addresses(address: string): Readonly<Record<string, string>> {
  const variables = listenerNames.map((name) => [variableOf(`listeners.${name}.address`), address])
  return { ...Object.fromEntries(variables), HEALTH_ADDRESS: address }
}

/** The files that the image gets, with those packages beside them that its package.json has installed into it. */
async function unpack(image: Image, root: string): Promise<ImageRecipe> {
  const recipe = readDockerfile(await readFile(join(image.folder, image.dockerfile), 'utf8'))
  for (const source of recipe.copied) {
    await cp(join(image.folder, source), source === '.' ? root : join(root, source), {
      recursive: true,
    })
  }
  for (const name of recipe.hasPackages ? await packages(image.folder) : []) {
    const link = join(root, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repositoryModules, name), link)
  }
  return recipe
}

async function packages(folder: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
  return Object.keys(record(properties(JSON.parse(text)), 'dependencies'))
}
