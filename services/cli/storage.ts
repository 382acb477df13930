import type { Command } from 'commander'
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
    async run({ backend, output }, _, { now = false }: { now?: boolean }) {
      // Loaded only here: `--help` and the other commands start faster without it.
      const { assembleCollector } = await import('#services/assembly/pipeline.ts')
      const { collectDead } = assembleCollector(backend)
      let collected = 0
      for (let some = -1; some !== 0; collected += some) some = await collectDead({ now })
      output.print({ collected }, () => [`${counted(collected, 'object')} deleted`])
    },
  })
}
