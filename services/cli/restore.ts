import type { Command } from 'commander'
import { parseTableName, restoreTable } from '#shared/administration/restore.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadDeployment, type Process } from './context.ts'
import { CommandFailure } from './failure.ts'
import { refused } from './refusal-text.ts'

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
    const parsed = parseTableName(String(restore.processedArgs[0]))
    if (parsed.kind !== 'ok') throw refused(parsed)
    const table = parsed.value
    const outputs = aws ?? process.environment.POSTWOLKE_AWS
    if (outputs === undefined) throw new CommandFailure('name the deployment with --aws')
    if (replace !== true) {
      throw new CommandFailure(`this removes everything in the table ${table}; --replace says so`)
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
  })
}
