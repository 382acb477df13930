import { basename, dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type FolderOptions, filesIn, planCommand, withFolderOptions } from './plan-command.ts'

/** `postwolke import exim`. */
export function importEximCommand(group: Command, define: Define): void {
  planCommand(group.command('exim <file>'), define, {
    about: 'take over an alias file of an Exim',
    options: withFolderOptions,
    read: readEximPlan,
  })
}

export async function readEximPlan(file: string, options: FolderOptions) {
  const { readExim } = await import('#shared/moving/configurations/exim/exim.ts')
  const files = await filesIn(dirname(resolve(file)), options, ['/etc/exim4', '/etc/exim'])
  const read = readExim({ files, path: basename(file), defaultDomain: options.defaultDomain })
  if (read.kind === 'plan') return read.plan
  throw new CommandFailure(`cannot read ${file}: ${read.reason}`, 'noInput')
}
