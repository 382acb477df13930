// `postwolke import mbox`: a file, or a folder of files.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { Define } from '../define.ts'
import { byPattern } from './by-pattern.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'
import type { ToBring } from './mail-run.ts'
import { isPattern, pathOf } from './path-pattern.ts'

type Options = MailOptions & MboxOptions & { readonly account?: string; readonly domain?: string }

export type MboxOptions = {
  readonly inbox?: string
  readonly timezone?: string
  readonly unquote?: boolean
  readonly labels?: boolean | string
  readonly uidlFormat?: string
}

export function importMboxCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('mbox <path>'), {
    about:
      'bring an mbox, or a folder of them (Dovecot, Thunderbird, Takeout, export mbox), with flags, dates and the uids that are in it',
    options: (command) =>
      withMboxOptions(
        withMailOptions(command)
          .option(
            '--account <address>',
            'whose it becomes; without, <path> has %d, %n or %u for all accounts, and so has --inbox',
          )
          .option('--domain <domain>', 'of all accounts only those of this domain')
          .option('--labels', 'of Google Takeout: folders are the labels in the messages'),
      ),
    async run(context, [path], options) {
      const mailboxes = await mboxes(context, path, options)
      const { bringMail } = await import('./mail-run.ts')
      await bringMail(context, mailboxes, options)
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
    .option('--uidl-format <format>', "pop3_uidl_format of its Dovecot (default: Dovecot's own)")

export async function mboxes(
  context: Context,
  path: string,
  options: Options,
): Promise<readonly (ToBring & { readonly path: string })[]> {
  const { account, domain, inbox } = options
  const { openMbox } = await import('#shared/moving/mailboxes/mbox/mbox-source.ts')
  const { timezone, unquote, uidlFormat: popIdFormat } = options
  const labels = options.labels !== undefined
  const open = (root: string, spool: string | undefined) =>
    openMbox(root, { inbox: spool, timezone, unquote, labels, popIdFormat })
  if (account === undefined) {
    return await byPattern(context, { pattern: path, beside: inbox, domain }, open)
  }
  const at = (given: string) => resolve(isPattern(given) ? pathOf(given, account) : given)
  return [{ account, path: at(path), open: () => open(at(path), inbox && at(inbox)) }]
}
