// `postwolke import mh`: the folders of MH.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'

type Options = MailOptions & { readonly account?: string }

export function importMhCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('mh <path>'), {
    about:
      'bring folders of MH (nmh, Claws, Sylpheed), a file for each message, with flags and dates',
    options: (command) =>
      withMailOptions(command).requiredOption('--account <address>', 'whose it becomes'),
    async run(context, [path], options) {
      const { account } = options
      if (account === undefined) throw new CommandFailure('--account is needed', 'usage')
      const [{ openMh }, { bringMail }] = await Promise.all([
        import('#shared/moving/mailboxes/mh/mh-source.ts'),
        import('./mail-run.ts'),
      ])
      await bringMail(context, [{ account, open: () => openMh(resolve(path)) }], options)
    },
  })
}
