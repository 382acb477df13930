import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type FolderOptions, filesIn, planCommand, withFolderOptions } from './plan-command.ts'

/** `postwolke import qmail`. */
export function importQmailCommand(group: Command, define: Define): void {
  planCommand(group.command('qmail <dir>'), define, {
    about:
      'take over what a qmail has in its folder (/var/qmail): domains, .qmail files, vpopmail users',
    options: withFolderOptions,
    read: readQmailPlan,
  })
}

export async function readQmailPlan(dir: string, options: FolderOptions) {
  const { readQmail } = await import('#shared/moving/configurations/qmail/qmail.ts')
  const files = await filesIn(dir, options, ['/var/qmail'])
  const read = readQmail({ files, defaultDomain: options.defaultDomain })
  if (read.kind === 'plan') return read.plan
  throw new CommandFailure(`no qmail is configured in ${dir}: ${read.reason}`, 'noInput')
}
