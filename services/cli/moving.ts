// `postwolke import …`: what another mail system has, brought here.

import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { importWorkMailCommand } from './import-from/workmail.ts'

export function movingCommands(parent: Command, process: Process, define: Define): void {
  const group = parent
    .command('import')
    .description('bring mail and settings of another mail system here')
  importWorkMailCommand(group, process, define)
}
