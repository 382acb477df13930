import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { type FolderOptions, filesIn, planCommand, withFolderOptions } from './plan-command.ts'

/** `postwolke import sendmail`. */
export function importSendmailCommand(group: Command, define: Define): void {
  planCommand(group.command('sendmail <dir>'), define, {
    about:
      'take over the tables of a Sendmail (/etc/mail): aliases, virtusertable, mailertable, access',
    options: withFolderOptions,
    read: readSendmailPlan,
  })
}

export async function readSendmailPlan(dir: string, options: FolderOptions) {
  const { readSendmail } = await import('#shared/moving/configurations/sendmail/sendmail.ts')
  const files = await filesIn(dir, options, ['/etc/mail'])
  return readSendmail({ files, defaultDomain: options.defaultDomain })
}
