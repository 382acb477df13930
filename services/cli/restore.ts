import { resolve } from 'node:path'
import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import {
  becomeOwner,
  type Common,
  dataDirectory,
  loadDeployment,
  type Process,
  withCommonOptions,
  withJson,
} from './context.ts'
import { CommandFailure } from './failure.ts'
import { counted, createOutput } from './output.ts'
import { followProgress } from './progress.ts'
import { refused } from './refusal-text.ts'

type Options = Common & {
  readonly force?: boolean
  readonly keepUidvalidity?: boolean
  readonly from?: string
  readonly replace?: boolean
}

/**
 * `postwolke restore BACKUP`: a backup into a data folder. `postwolke restore TABLE --from … --aws …`: the second half of a
 * point-in-time recovery of a deployment on AWS.
 */
export function restoreCommand(parent: Command, process: Process): void {
  const restore = withJson(withCommonOptions(parent.command('restore <backup-or-table>')))
    .description(
      "put a backup into a data folder; with --from: a restored DynamoDB table in the place of a deployment's",
    )
    .option('--force', 'the data folder is not empty: set aside what is in it')
    .option(
      '--keep-uidvalidity',
      'nothing happened since the backup: clients need not read their folders again',
    )
    .option('--from <table>', 'of a deployment: name of the restored table at DynamoDB')
    .option('--aws <file>', 'of a deployment: its outputs file (or POSTWOLKE_AWS)')
    .option('--replace', 'of a deployment: yes, remove everything that is in its table now')
  restore.action(async () => {
    const options = restore.opts<Options>()
    const [what = ''] = restore.processedArgs.map(String)
    if (options.from === undefined && options.aws === undefined) {
      await restoreHere(what, options, process)
    } else await restoreDeployment(what, options, process)
  })
}

async function restoreHere(what: string, options: Options, process: Process): Promise<void> {
  const from = resolve(what)
  const directory = dataDirectory(options, process)
  const { restoreFolder } = await import('#services/one-machine/data-folder.ts')
  await becomeOwner(directory, process)
  const progress = followProgress(process, 'restoring')
  const restoring = restoreFolder({
    from,
    directory,
    force: options.force === true,
    keepUidValidity: options.keepUidvalidity === true,
    progress: progress.step,
    clock: systemClock,
  })
  const { manifest, aside } = await explained(`cannot restore ${directory}`, restoring)
  progress.end()
  const { taken, objectFiles } = manifest
  const output = createOutput(options.json === true, process.write, process.columns)
  output.print({ data: directory, taken, objectFiles, aside: aside ?? null }, () => [
    `${directory} is as of ${taken}, with ${counted(objectFiles.files, 'object file')}`,
    ...(aside === undefined ? [] : [`what was there is in ${aside}; remove it when you are sure`]),
  ])
}

async function restoreDeployment(
  what: string,
  { aws, from, replace }: Options,
  process: Process,
): Promise<void> {
  const { parseTableName, restoreTable } = await import('#shared/administration/restore.ts')
  const parsed = parseTableName(what)
  if (parsed.kind !== 'ok') throw refused(parsed)
  const table = parsed.value
  if (from === undefined) throw new CommandFailure('name the restored table with --from', 'usage')
  const outputs = aws ?? process.environment.POSTWOLKE_AWS
  if (outputs === undefined) throw new CommandFailure('name the deployment with --aws', 'usage')
  if (replace !== true) {
    throw new CommandFailure(
      `this removes everything in the table ${table}; --replace says so`,
      'usage',
    )
  }
  const { openDeployment, replacementIn } = await loadDeployment()
  const deployment = await openDeployment(outputs, process.environment)
  await using _ = deployment.store
  const restored = await restoreTable(
    { tables: await replacementIn(deployment), clock: systemClock },
    {
      table,
      from,
      progress: ({ removed, copied }) => process.say(`\r${removed} removed, ${copied} copied `),
    },
  )
  if (restored.kind !== 'restored') throw refused(restored)
  process.say('\n')
  process.write(`${restored.copied} items of ${from} are in the table ${table} now\n`)
}
