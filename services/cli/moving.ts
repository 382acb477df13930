// `postwolke import …`: what another mail system has, brought here.

import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { importImapCommand } from './import-from/imap.ts'
import { importMaildirCommand } from './import-from/maildir.ts'
import { importPlanCommand } from './import-from/plan.ts'
import { importWorkMailCommand } from './import-from/workmail.ts'
import { importWorkMailExportCommand } from './import-from/workmail-export.ts'

export function movingCommands(parent: Command, process: Process, define: Define): void {
  const group = parent
    .command('import')
    .description('bring mail and settings of another mail system here')
  importPlanCommand(group, define)
  importMaildirCommand(group, define)
  importWorkMailCommand(group, process, define)
  importWorkMailExportCommand(group, define)
  importImapCommand(group, define)
}
