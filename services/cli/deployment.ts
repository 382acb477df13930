// A deployment on AWS, for commands with `--aws`: named by the outputs file that `cdk deploy --outputs-file` writes,
// opened with the administrator's own AWS credentials.

import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { StoreReading } from '#shared/administration/check/reading.ts'
import type { TableReplacement } from '#shared/administration/restore.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { type AwsClients, endpointsIn, openAwsClients } from '#shared/storage/aws/clients.ts'
import { openAwsStore } from '#shared/storage/aws/open.ts'
import { checkStoreFormat } from '#shared/storage/aws/store-format.ts'
import type { Store, TableName } from '#shared/storage/ports.ts'
import { UnusableStore } from '#shared/storage/unusable-store.ts'
import { CommandFailure } from './failure.ts'

const outputKeys = [
  'DirectoryTable',
  'MailTable',
  'QueueTable',
  'CountersTable',
  'ObjectsBucket',
  'IncomingQueueUrl',
  'ActiveQueueUrl',
  'DeferredQueueUrl',
  'IncomingDeadQueueUrl',
  'ActiveDeadQueueUrl',
  'Settings',
] as const

type Outputs = { readonly [key in (typeof outputKeys)[number]]: string }

export type Deployment = {
  readonly store: Store
  readonly clients: AwsClients
  /** Names of the tables at DynamoDB. */
  readonly tables: { readonly [name in TableName]: string }
}

/** The variables of its functions: commands read addresses and choose ways as these do. */
export async function deployedSettings(
  path: string,
): Promise<{ readonly [variable: string]: string }> {
  const { Settings } = await readOutputs(path)
  const pairs = Object.entries(parse(`Settings in ${path}`, Settings))
  return Object.fromEntries(pairs.map(([variable, value]) => [variable, String(value)]))
}

/** What it costs at rest, as its synthesis computed it; undefined: an older version made it. */
export async function deployedIdleUsd(
  path: string,
  environment: { readonly [name: string]: string | undefined },
): Promise<{ readonly idleUsd: string | undefined; readonly region: string }> {
  const outputs = await readOutputs(path)
  const { IdleUsdPerMonth: idleUsd }: { readonly [key: string]: unknown } = outputs
  const region = regionOf(outputs, environment)
  return { idleUsd: typeof idleUsd === 'string' ? idleUsd : undefined, region }
}

/** Where its console is; undefined: it has none. */
export async function deployedUrl(path: string): Promise<string | undefined> {
  const outputs: { readonly [key: string]: unknown } = await readOutputs(path)
  return typeof outputs.ApiUrl === 'string' ? outputs.ApiUrl : undefined
}

export async function openDeployment(
  path: string,
  environment: { readonly [name: string]: string | undefined },
): Promise<Deployment> {
  const outputs = await readOutputs(path)
  const options = { region: regionOf(outputs, environment), endpoints: endpointsIn(environment) }
  const clients = openAwsClients(options)
  await mustHaveCredentials(clients)
  const tables = {
    directory: outputs.DirectoryTable,
    mail: outputs.MailTable,
    queue: outputs.QueueTable,
    counters: outputs.CountersTable,
  }
  const storeOptions = {
    ...options,
    tables,
    bucket: outputs.ObjectsBucket,
    queueUrls: {
      incoming: outputs.IncomingQueueUrl,
      active: outputs.ActiveQueueUrl,
      deferred: outputs.DeferredQueueUrl,
      'incoming-dead': outputs.IncomingDeadQueueUrl,
      'active-dead': outputs.ActiveDeadQueueUrl,
    },
    taskId: `cli-${randomUUID()}`,
    clock: systemClock,
    log: silentLog,
  }
  const store = await openAwsStore(storeOptions, clients)
  try {
    await checkStoreFormat(store.tables.directory)
  } catch (error) {
    await store[Symbol.asyncDispose]()
    if (!(error instanceof UnusableStore)) throw error
    throw new CommandFailure(
      `cannot open the deployment of ${path}: ${error.message}`,
      'unavailable',
    )
  }
  return { store, clients, tables }
}

/** Its tables, for a restored one to take the place of one of them. */
export async function replacementIn({
  store,
  clients,
  tables,
}: Deployment): Promise<TableReplacement> {
  const [{ hasItem, replaceItems }, { isLiveLease }] = await Promise.all([
    import('#shared/storage/aws/replace-table.ts'),
    import('#shared/storage/aws/watch-registry.ts'),
  ])
  return {
    nameOf: (table) => tables[table],
    isInUse: (nowMs) => hasItem(clients, tables.mail, (item) => isLiveLease(item, nowMs)),
    async replace({ table, ...options }) {
      const { directory } = store.tables
      const to = tables[table]
      await replaceItems({ clients, directory, to, clock: systemClock, ...options }).catch(
        (error) => {
          if (!(error instanceof UnusableStore)) throw error
          throw new CommandFailure(`cannot take ${options.from}: ${error.message}`, 'unavailable')
        },
      )
    },
  }
}

/** All of it, for a check: tables item by item, objects by asking for each. */
export async function readingOf({ store, clients, tables }: Deployment): Promise<StoreReading> {
  const { pages } = await import('#shared/storage/aws/replace-table.ts')
  return {
    async *items(table) {
      for await (const page of pages(clients.dynamo, tables[table], { ConsistentRead: true })) {
        yield* page
      }
    },
    get: (table, key) => store.tables[table].get(key, { consistent: true }),
    objectBytes: (key) => store.objects.size(key),
    async *objects() {
      let after: string | undefined
      do {
        const page: Awaited<ReturnType<Store['objects']['list']>> = await store.objects.list(
          'mail/',
          after,
        )
        yield* page.items
        after = page.next
      } while (after !== undefined)
    },
  }
}

/** Asked before anything else, or the first request would say so in the SDK's words. */
async function mustHaveCredentials({ dynamo }: AwsClients): Promise<void> {
  await dynamo.config.credentials().catch((error: Error) => {
    throw new CommandFailure(
      `no AWS credentials (give AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in with 'aws sso login'): ${error.message}`,
      'noPermission',
    )
  })
}

/** `{stack: {key: value}}`; the keys are ours, whatever the stacks are called. */
async function readOutputs(path: string): Promise<Outputs> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new CommandFailure(`cannot read the outputs file: ${error.message}`, 'noInput')
  })
  const found: Record<string, unknown> = {}
  for (const stack of Object.values(parse(path, text))) Object.assign(found, Object(stack))
  const missing = outputKeys.filter((key) => typeof found[key] !== 'string')
  if (missing.length > 0) {
    throw new CommandFailure(
      `${path} is not what 'cdk deploy --all --outputs-file' writes: it has no ${missing.join(', ')}`,
      'data',
    )
  }
  return found as Outputs
}

function parse(path: string, text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new CommandFailure(`${path} is not JSON: ${error.message.replaceAll('\n', ' ')}`, 'data')
  }
}

/** The queues say where the deployment is, unless the environment does. */
function regionOf(
  outputs: Outputs,
  environment: { readonly [name: string]: string | undefined },
): string {
  const [, ofQueue] = /^https:\/\/sqs\.([a-z0-9-]+)\./.exec(outputs.IncomingQueueUrl) ?? []
  const region = ofQueue ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION
  if (region === undefined)
    throw new CommandFailure('set AWS_REGION to the region of the deployment', 'config')
  return region
}
