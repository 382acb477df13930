// `postwolke import maildir`: the Maildir of one account, or those of all by a path as Dovecot's `mail_location` has it.

import { stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { domainToASCII } from 'node:url'
import type { Command } from 'commander'
import { openMaildir } from '#shared/moving/maildir/maildir-source.ts'
import type { Context } from '../context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { readAll } from '../listing.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'
import { bringMail, type ToBring } from './mail-run.ts'

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
      withMailOptions(command)
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
      await bringMail(context, await maildirs(context, path, options), options)
    },
  })
}

async function maildirs(
  context: Context,
  path: string,
  { account, domain, uidlFormat, live }: Options,
): Promise<readonly ToBring[]> {
  const open = (root: string) => () => openMaildir(root, { popIdFormat: uidlFormat, live })
  const isPattern = /%[dnu]/.test(path)
  if (account !== undefined) {
    return [{ account, open: open(resolve(isPattern ? pathOf(path, account) : path)) }]
  }
  if (!isPattern || !isAbsolute(path)) {
    throw new CommandFailure(
      'give --account, or an absolute path with %d and %n (or %u) for domain and name',
      'usage',
    )
  }
  const accounts = await readAll((after) =>
    context.administration.accounts.page({ domain, limit: undefined, after }),
  )
  const found: ToBring[] = []
  for (const { address } of accounts) {
    for (const spelled of new Set([address, asciiOf(address)])) {
      const root = pathOf(path, spelled)
      if (!(await isFolder(root))) continue
      found.push({ account: address, open: open(root) })
      break
    }
  }
  return found
}

/** As Dovecot has it: `%u` the whole address, `%n` before and `%d` behind the `@`. */
function pathOf(pattern: string, address: string): string {
  const at = address.lastIndexOf('@')
  const values: { readonly [letter: string]: string } = {
    u: address,
    n: address.slice(0, at),
    d: address.slice(at + 1),
  }
  return pattern.replace(/%([dnu])/g, (_, letter: string) => values[letter] ?? '')
}

/** With its domain as other systems write it in names of folders (RFC 5891). */
const asciiOf = (address: string) => {
  const at = address.lastIndexOf('@') + 1
  return address.slice(0, at) + domainToASCII(address.slice(at))
}

const isFolder = (path: string) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
