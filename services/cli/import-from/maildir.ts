// `postwolke import maildir`: the Maildir of one account, or those of all by a path as Dovecot's `mail_location` has it.

import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import type { Define } from '../define.ts'
import { byPattern } from './by-pattern.ts'
import { type MailOptions, withMailOptions, withRights } from './mail-options.ts'
import type { ToBring } from './mail-run.ts'
import { isPattern, pathOf } from './path-pattern.ts'

type Options = MailOptions & {
  readonly account?: string
  readonly domain?: string
  readonly uidlFormat?: string
  readonly live?: boolean
}

export function importMaildirCommand(parent: Command, define: Define): void {
  define<Options>(parent.command('maildir <path>'), {
    about:
      'bring Maildirs (Dovecot, Courier, qmail) with uids, flags, dates and scripts; again and again while their server runs',
    options: (command) =>
      withRights(withMailOptions(command))
        .option(
          '--account <address>',
          'whose it becomes; without, <path> has %d, %n or %u for all accounts',
        )
        .option('--domain <domain>', 'of all accounts only those of this domain')
        .option(
          '--uidl-format <format>',
          "pop3_uidl_format of its Dovecot (default: Dovecot's own)",
        )
        .option('--live', 'its server runs: leave what it has not numbered yet for the next time'),
    async run(context, [path], options) {
      const { bringMail } = await import('./mail-run.ts')
      await bringMail(context, await maildirs(context, path, options), options)
    },
  })
}

async function maildirs(
  context: Context,
  path: string,
  { account, domain, uidlFormat, live }: Options,
): Promise<readonly ToBring[]> {
  const { openMaildir } = await import('#shared/moving/mailboxes/maildir/maildir-source.ts')
  const open = (root: string) => openMaildir(root, { popIdFormat: uidlFormat, live })
  if (account !== undefined) {
    const root = resolve(isPattern(path) ? pathOf(path, account) : path)
    return [{ account, open: () => open(root) }]
  }
  return await byPattern(context, { pattern: path, domain }, open)
}
