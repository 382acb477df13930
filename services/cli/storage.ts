import type { Command } from 'commander'
import { assembleCollector } from '#services/assembly/pipeline.ts'
import type { Define } from './define.ts'
import { counted } from './output.ts'

/** `postwolke storage …`: the room that mail takes. */
export function storageCommands(parent: Command, define: Define): void {
  const storage = parent.command('storage').description('the room that mail takes')

  define(storage.command('collect'), {
    about: 'delete the bytes of messages that were deleted collectorGraceTime ago',
    options: (command) =>
      command.option(
        '--now',
        'all that were deleted more than an hour ago: nothing brings them back',
      ),
    async run({ core, output }, _, { now = false }: { now?: boolean }) {
      const { collectDead } = assembleCollector(core)
      let collected = 0
      for (let some = -1; some !== 0; collected += some) some = await collectDead({ now })
      output.print({ collected }, () => [`${counted(collected, 'object')} deleted`])
    },
  })
}
