import { basename, dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { filesIn, planCommand, rootOption } from './plan-command.ts'

type Options = { readonly root?: string }

/** `postwolke import opendkim`: keys that signed there sign here. */
export function importOpenDkimCommand(group: Command, define: Define): void {
  planCommand(group.command('opendkim <file>'), define, {
    about: 'bring the DKIM keys along that opendkim.conf names, under their selectors',
    options: (command) => command.option(...rootOption),
    help: 'Domains have to be there before. A key whose record is published signs at once.',
    async read(file, options: Options) {
      const { readOpenDkim } = await import('#shared/moving/configurations/opendkim/opendkim.ts')
      const path = resolve(file)
      const files = await filesIn(dirname(path), options, ['/etc', '/etc/opendkim'])
      const read = readOpenDkim({ files, path: basename(path) })
      if (read.kind === 'plan') return read.plan
      throw new CommandFailure(`cannot read ${read.reason}`, 'noInput')
    },
  })
}
