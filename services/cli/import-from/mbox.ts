// `postwolke import mbox`: a file, or a folder of files.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'

type Options = MailOptions & {
  readonly account?: string
  readonly inbox?: string
  readonly timezone?: string
  readonly unquote?: boolean
  readonly labels?: boolean
}

export function importMboxCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('mbox <path>'), {
    about:
      'bring an mbox, or a folder of them (Dovecot, Thunderbird, Takeout, export mbox), with flags, dates and the uids that are in it',
    options: (command) =>
      withMailOptions(command)
        .requiredOption('--account <address>', 'whose it becomes')
        .option('--inbox <file>', 'where INBOX is, if not in <path>, as /var/mail/ann')
        .option(
          '--timezone <zone>',
          'of the times between messages, as Europe/Berlin or +0100 (default: UTC)',
        )
        .option(
          '--unquote',
          "take the '>' away that mboxrd puts before lines that begin with From; right for 'export mbox'",
        )
        .option('--labels', 'of Google Takeout: folders are the labels in the messages'),
    async run(context, [path], options) {
      const { account, inbox, timezone, unquote, labels } = options
      if (account === undefined) throw new CommandFailure('--account is needed', 'usage')
      const [{ openMbox }, { bringMail }] = await Promise.all([
        import('#shared/moving/mailboxes/mbox/mbox-source.ts'),
        import('./mail-run.ts'),
      ])
      const given = { inbox: inbox && resolve(inbox), timezone, unquote, labels }
      const open = () => openMbox(resolve(path), given)
      await bringMail(context, [{ account, open }], options)
    },
  })
}
