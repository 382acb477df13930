import type { Command } from 'commander'
import type { Process } from './context.ts'
import { fromProcmailCommand } from './from-procmail.ts'

/** `postwolke sieve …`: what accounts do with their mail. */
export function sieveCommands(parent: Command, process: Process): void {
  const group = parent.command('sieve').description('filters of accounts')
  fromProcmailCommand(group, process)
}
