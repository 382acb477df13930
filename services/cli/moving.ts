// `postwolke import …`: what another mail system has, brought here.

import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { importMaildirCommand } from './import-from/maildir.ts'
import { importMboxCommand } from './import-from/mbox.ts'
import { importMhCommand } from './import-from/mh.ts'
import { importPlanCommand } from './import-from/plan.ts'

export function movingCommands(parent: Command, _process: Process, define: Define): void {
  const group = parent
    .command('import')
    .description('bring mail and settings of another mail system here')
  importPlanCommand(group, define)
  importMaildirCommand(group, define)
  importMboxCommand(group, define)
  importMhCommand(group, define)
}
