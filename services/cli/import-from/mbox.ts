// `postwolke import mbox`: a file, or a folder of files.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'

type Options = MailOptions & MboxOptions & { readonly account?: string }

export type MboxOptions = {
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
      withMboxOptions(
        withMailOptions(command).requiredOption('--account <address>', 'whose it becomes'),
      ),
    async run(context, [path], options) {
      const { account } = options
      if (account === undefined) throw new CommandFailure('--account is needed', 'usage')
      const { bringMail } = await import('./mail-run.ts')
      await bringMail(context, [{ account, open: () => openMboxAt(path, options) }], options)
    },
  })
}

export const withMboxOptions = (command: Command) =>
  command
    .option('--inbox <file>', 'where INBOX is, if not in the path, as /var/mail/ann')
    .option(
      '--timezone <zone>',
      'of the times between messages, as Europe/Berlin or +0100 (default: UTC)',
    )
    .option(
      '--unquote',
      "take the '>' away that mboxrd puts before lines that begin with From; right for 'export mbox'",
    )
    .option('--labels', 'of Google Takeout: folders are the labels in the messages')

export async function openMboxAt(
  path: string,
  { inbox, timezone, unquote, labels }: MboxOptions,
): Promise<MailSource> {
  const { openMbox } = await import('#shared/moving/mailboxes/mbox/mbox-source.ts')
  return openMbox(resolve(path), { inbox: inbox && resolve(inbox), timezone, unquote, labels })
}
