// `postwolke migrate …`: leaving another mail system step by step.

import type { Command } from 'commander'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { migrateWorkMailCommands } from './migrate/workmail.ts'

export function migrateCommands(parent: Command, process: Process, define: Define): void {
  const group = parent.command('migrate').description('leave another mail system step by step')
  migrateWorkMailCommands(group, process, define)
}
