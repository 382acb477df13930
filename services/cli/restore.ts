import type { Command } from 'commander'
import { newId } from '#shared/mailbox/new-folder.ts'
import { restoredItem } from '#shared/mailbox/restored.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { type TableName, tableLayouts } from '#shared/storage/ports.ts'
import { loadDeployment, type Process } from './context.ts'
import { CommandFailure } from './failure.ts'

type Options = { readonly aws?: string; readonly from: string; readonly replace?: boolean }

/** `postwolke restore`: the second half of a point-in-time recovery of a deployment on AWS. */
export function restoreCommand(parent: Command, process: Process): void {
  const restore = parent
    .command('restore <table>')
    .description("put a restored DynamoDB table in the place of a deployment's")
    .requiredOption('--from <table>', 'name of the restored table at DynamoDB')
    .option('--aws <file>', 'the outputs file of the deployment (or POSTWOLKE_AWS)')
    .option('--replace', "yes, remove everything that is in the deployment's table now")
  restore.action(async () => {
    const { aws, from, replace } = restore.opts<Options>()
    const name = tableArgument(restore.processedArgs[0])
    const outputs = aws ?? process.environment.POSTWOLKE_AWS
    if (outputs === undefined) throw new CommandFailure('name the deployment with --aws')
    if (replace !== true) {
      throw new CommandFailure(`this removes everything in the table ${name}; --replace says so`)
    }
    const { openDeployment } = await loadDeployment()
    const [{ hasItem, replaceItems }, { isLiveLease }] = await Promise.all([
      import('#shared/storage/aws/replace-table.ts'),
      import('#shared/storage/aws/watch-registry.ts'),
    ])
    const { store, clients, tables } = await openDeployment(outputs, process.environment)
    await using _ = store
    const nowMs = systemClock.now()
    if (tables[name] === from) throw new CommandFailure(`${from} is the deployment's own table`)
    if (await hasItem(clients, tables.mail, (item) => isLiveLease(item, nowMs))) {
      throw new CommandFailure(
        'containers are running on it; stop its services and functions first (docs/aws.md, "Restore")',
      )
    }
    let copied = 0
    await replaceItems({
      clients,
      from,
      to: tables[name],
      change: (item) => (name === 'mail' ? restoredItem(item, { nowMs, newId }) : item),
      clock: systemClock,
      progress(done) {
        copied = done.copied
        process.say(`\r${done.removed} removed, ${done.copied} copied `)
      },
    })
    process.say('\n')
    process.write(`${copied} items of ${from} are in the table ${name} now\n`)
  })
}

function tableArgument(text: unknown): TableName {
  if (typeof text === 'string' && Object.hasOwn(tableLayouts, text)) return text as TableName
  const names = Object.keys(tableLayouts).join(', ')
  throw new CommandFailure(`'${String(text)}' is no table; allowed: ${names}`)
}
