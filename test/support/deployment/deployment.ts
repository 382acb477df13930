// Deploys a cloud assembly on this machine: its tables, buckets, queues and secrets at the emulators, its functions and
// containers as processes in the environment that the templates give them, and between all of them a gateway that allows what
// the templates' policies allow. A variable with a wrong name, a permission that is missing or a mapping that was forgotten
// fails here as it would at AWS.
//
// Only these things differ from what is deployed at AWS: tasks are told their loopback address (container-process.ts), processes
// the gateway's address (`AWS_ENDPOINT_URL`) and whose certificates to trust, and policies on resources are not enforced (resources/fakes.ts).

import { randomBytes } from 'node:crypto'
import { startFauxqs } from '../emulators/fauxqs.ts'
import { type Assembly, readAssembly } from './assembly.ts'
import { openGateway } from './gateway.ts'
import { Inventory } from './inventory.ts'
import type { LambdaPool } from './lambda-pool.ts'
import { adminClients, deleteTables, destroyAll, operator } from './operator.ts'
import { localPlace } from './place.ts'
import { Deployment, type StartOptions } from './running-deployment.ts'
import { startSecretsManager } from './secrets-manager.ts'
import { makeStacks } from './stacks.ts'
import { checkWiring } from './wiring.ts'

export type DeploymentOptions = StartOptions & {
  readonly assembly: string | Assembly
  readonly dynamoDbUrl: string
  /** Secrets that are there before the deployment, by name. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Where mail leaves by SES: its address. */
  readonly sesUrl?: string
}

/** Resolves when every task is ready. */
export async function deployLocally(options: DeploymentOptions): Promise<Deployment> {
  await using started = new AsyncDisposableStack()
  const { assembly: given } = options
  const assembly = typeof given === 'string' ? await readAssembly(given) : given
  const fauxqs = await startFauxqs()
  started.defer(() => fauxqs.stop())
  const secretsManager = await startSecretsManager(localPlace)
  started.defer(() => secretsManager.close())
  for (const [name, value] of Object.entries(options.secrets ?? {})) secretsManager.put(name, value)
  const inventory = new Inventory()
  const functions = new Map<string, LambdaPool>()
  const gateway = await openGateway({
    ...localPlace,
    principals: [operator],
    backends: {
      dynamodb: options.dynamoDbUrl,
      s3: fauxqs.endpoint,
      sqs: fauxqs.endpoint,
      secretsmanager: secretsManager.endpoint,
      ...(options.sesUrl !== undefined && { ses: options.sesUrl }),
    },
    async invokeFunction(name, payload) {
      const pool = functions.get(inventory.function(name).arn)
      if (pool === undefined) throw new Error(`${name} does not run`)
      const outcome = await pool.invoke(Buffer.from(payload).toString('utf8'))
      const body = Buffer.from(outcome.payload)
      return outcome.kind === 'failed' ? { payload: body, error: 'Unhandled' } : { payload: body }
    },
  })
  started.defer(() => gateway.close())
  const clients = adminClients({
    dynamodb: options.dynamoDbUrl,
    fauxqs: fauxqs.endpoint,
    secretsmanager: secretsManager.endpoint,
  })
  started.defer(() => destroyAll(clients))
  started.defer(() => deleteTables(clients, inventory))
  const suffix = randomBytes(6).toString('hex')
  const outputs = await makeStacks(assembly, {
    inventory,
    assets: assembly.assets,
    clients,
    ...localPlace,
    suffix,
    endpoint: gateway.url,
  })
  checkWiring(inventory)
  for (const role of inventory.roles) gateway.add(role)
  const deployment = new Deployment({
    started,
    fauxqs,
    inventory,
    functions,
    gateway,
    clients,
    outputs,
    suffix,
  })
  await deployment.start(options)
  return deployment.keep(started.move())
}
