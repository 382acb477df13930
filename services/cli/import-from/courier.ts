import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { type FolderOptions, filesIn, planCommand, withFolderOptions } from './plan-command.ts'

/** `postwolke import courier`. */
export function importCourierCommand(group: Command, define: Define): void {
  planCommand(group.command('courier <dir>'), define, {
    about: 'take over what a Courier has in its folder (/etc/courier): domains, aliases, userdb',
    options: withFolderOptions,
    read: readCourierPlan,
  })
}

export async function readCourierPlan(dir: string, options: FolderOptions) {
  const { readCourier } = await import('#shared/moving/configurations/courier/courier.ts')
  const files = await filesIn(dir, options, ['/etc/courier', '/usr/lib/courier/etc'])
  return readCourier({ files, defaultDomain: options.defaultDomain })
}
