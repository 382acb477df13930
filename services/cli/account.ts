import type { Command } from 'commander'
import {
  addressArgument,
  ownAddressArgument,
  ownDomain,
  quotaArgument,
} from '#shared/administration/fields.ts'
import { accountImportCommand } from '#shared/administration/imports/account-rows.ts'
import { postmasterWarnings } from '#shared/administration/postmaster.ts'
import { leftBehind } from '#shared/administration/warnings.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { FolderTree } from '#shared/mailbox/folder-path.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Context } from './context.ts'
import { type Credentials, credentialOptions, readCredentials } from './credentials.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted, formatBytes, formatTime, warn } from './output.ts'

/** `postwolke account …`: people with a mailbox. */
export function accountCommands(parent: Command, define: Define): void {
  const account = parent.command('account').description('people with a mailbox')

  define(account.command('add <address>'), {
    about: 'add an account',
    options: (command) => {
      credentialOptions(command)
      command.option(
        '--quota <size>',
        '500MB and the like, unlimited, or default (mailboxSizeLimit)',
      )
      command.option('--disabled', 'neither logs in nor gets mail yet')
      command.option('--shared', "nobody's own: its folders are shown below Shared/")
    },
    async run(
      context,
      [name],
      options: Credentials & { quota?: string; disabled?: boolean; shared?: boolean },
    ) {
      const address = ownAddressArgument(name, context)
      const quotaBytes = quotaArgument(options.quota ?? 'default')
      const stored = await readCredentials(options, context.process, { asks: true })
      if (stored === undefined) {
        throw new CommandFailure(
          'give a password with --password-stdin, or its hash with --hash-stdin',
        )
      }
      const added = await context.core.directory.accounts.add({
        address,
        ...stored,
        quotaBytes,
        enabled: options.disabled !== true,
        shared: options.shared === true,
      })
      if (added.kind === 'exists') throw new CommandFailure(`account ${name} exists already`)
      if (added.kind === 'no-such-domain') {
        const domain = name.slice(name.lastIndexOf('@') + 1)
        throw new CommandFailure(`no domain ${domain}; 'postwolke domain add ${domain}' makes it`)
      }
      await context.core.mailbox.folders.list(added.account.id)
      const shown = formatAddress(added.account.address)
      context.output.print({ address: shown }, () => [`account ${shown} added`])
      if ((await context.core.directory.aliases.get(address)) !== undefined) {
        warn(
          context.process,
          `${shown} is an alias too: its mail goes where the alias leads, and into this account only if that is one of the targets`,
        )
      }
    },
  })

  define(account.command('list [domain]'), {
    about: 'list accounts',
    async run(context, [domain]) {
      const { core, output } = context
      const rows: Awaited<ReturnType<typeof facts>>[] = []
      const wanted = domain === '' ? undefined : await ownDomain(domain, context)
      for await (const found of core.directory.accounts.list(wanted)) {
        rows.push(await facts(found, context))
      }
      output.print(rows, () =>
        columns(
          ['ADDRESS', 'ENABLED', 'USED', 'QUOTA', 'MESSAGES'],
          rows.map((row) => [
            row.address,
            row.enabled ? 'yes' : 'no',
            formatBytes(row.usedBytes),
            row.quotaBytes === 0 ? 'unlimited' : formatBytes(row.quotaBytes),
            String(row.messages),
          ]),
        ),
      )
    },
  })

  define(account.command('show <address>'), {
    about: 'show an account and its folders',
    async run(context, [name]) {
      const found = await existing(name, context)
      const row = await facts(found, context)
      const folders = inboxFirst(await context.core.mailbox.folders.list(found.id))
      context.output.print(
        {
          ...row,
          folders: folders.map(
            ({ folder: { digest: _, counted: __, recentFrom: ___, ...folder }, path }) => ({
              ...folder,
              path,
            }),
          ),
        },
        () => [
          `account   ${row.address}${row.enabled ? '' : ' (disabled)'}${row.shared ? ' (shared)' : ''}`,
          `created   ${row.created}`,
          `password  ${row.passwordScheme}`,
          `used      ${formatBytes(row.usedBytes)} of ${row.quotaBytes === 0 ? 'unlimited' : formatBytes(row.quotaBytes)}${found.quotaBytes === null ? ' (mailboxSizeLimit)' : ''}`,
          '',
          ...columns(
            ['FOLDER', 'MESSAGES', 'UNSEEN', 'SIZE'],
            folders.map(({ folder, path }) => [
              path,
              String(folder.exists),
              String(folder.unseen),
              formatBytes(folder.bytes),
            ]),
          ),
        ],
      )
    },
  })

  define(account.command('set <address>'), {
    about: 'change an account',
    options: (command) => {
      credentialOptions(command)
      command.option(
        '--quota <size>',
        '500MB and the like, unlimited, or default (mailboxSizeLimit)',
      )
      command.option('--enable', 'logs in and gets mail again')
      command.option('--disable', 'neither logs in nor gets mail')
      command.option('--shared', "nobody's own: its folders are shown below Shared/")
      command.option('--no-shared', "somebody's own again: they are shown below Other Users/")
    },
    async run(
      context,
      [name],
      options: Credentials & {
        quota?: string
        enable?: boolean
        disable?: boolean
        shared?: boolean
      },
    ) {
      if (options.enable && options.disable) {
        throw new CommandFailure('--enable and --disable exclude each other')
      }
      const stored = await readCredentials(options, context.process, { asks: false })
      const enabled = options.enable ? true : options.disable ? false : undefined
      const quotaBytes = options.quota === undefined ? undefined : quotaArgument(options.quota)
      const changes = {
        ...stored,
        ...(enabled === undefined ? {} : { enabled }),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
        ...(options.shared === undefined ? {} : { shared: options.shared }),
      }
      if (Object.keys(changes).length === 0) {
        throw new CommandFailure(
          'nothing to change: give --password-stdin, --password, --hash-stdin, --quota, --enable, --disable or --shared',
        )
      }
      const address = addressArgument(name, context)
      const changed = await context.core.directory.accounts.set(address, changes)
      if (changed.kind === 'no-such-account') throw new CommandFailure(`no account ${name}`)
      context.output.print({ address: formatAddress(changed.account.address) }, () => [
        `account ${formatAddress(changed.account.address)} changed`,
      ])
      if (enabled !== false) return
      for (const text of await postmasterWarnings(address.domain, context.core)) {
        warn(context.process, text)
      }
    },
  })

  define(account.command('remove <address>'), {
    about: 'remove an account and all its mail',
    options: (command) => command.option(...yesOption),
    async run(context, [name], options: { yes?: boolean }) {
      const address = addressArgument(name, context)
      await confirm(context.process, await allOf(await existing(name, context), context), options)
      const removed = await context.core.directory.accounts.remove(address)
      if (removed.kind === 'no-such-account') throw new CommandFailure(`no account ${name}`)
      const messages = await context.core.mailbox.remove(removed.account.id)
      context.output.print({ removed: formatAddress(removed.account.address), messages }, () => [
        `account ${formatAddress(removed.account.address)} removed with ${counted(messages, 'message')}`,
      ])
      for (const text of await leftBehind(address, context.core)) warn(context.process, text)
    },
  })

  define(account.command('empty <address>'), {
    about: 'delete all mail and folders of an account',
    options: (command) => command.option(...yesOption),
    async run(context, [name], options: { yes?: boolean }) {
      const found = await existing(name, context)
      await confirm(context.process, `the mail of ${await allOf(found, context)}`, options)
      const messages = await context.core.mailbox.empty(found.id)
      context.output.print({ messages }, () => [
        `${counted(messages, 'message')} of ${formatAddress(found.address)} deleted`,
      ])
    },
  })

  accountImportCommand(account, define)
}

async function existing(name: string, context: Context): Promise<AccountRecord> {
  const found = await context.core.directory.accounts.get(addressArgument(name, context))
  if (found === undefined) throw new CommandFailure(`no account ${name}`)
  return found
}

/** What would go with it. */
async function allOf({ id, address }: AccountRecord, { core }: Context): Promise<string> {
  const { messages, bytes } = await core.mailbox.usage(id)
  return `${formatAddress(address)} with ${counted(messages, 'message')} (${formatBytes(bytes)})`
}

async function facts(account: AccountRecord, { core }: Context) {
  const used = await core.mailbox.usage(account.id)
  return {
    address: formatAddress(account.address),
    id: account.id,
    enabled: account.enabled,
    shared: account.shared,
    quotaBytes: account.quotaBytes ?? core.settings.mailboxSizeLimit,
    usedBytes: used.bytes,
    messages: used.messages,
    passwordScheme: await schemeOf(account.passwordHash),
    created: formatTime(account.createdMs),
  }
}

async function schemeOf(passwordHash: string): Promise<string> {
  const { recognise } = await import('#shared/auth/schemes/index.ts')
  const found = recognise(passwordHash)
  switch (found.kind) {
    case 'known':
      return found.scheme.name
    case 'no-login':
      return 'none (no login)'
    case 'costly':
      return `${found.scheme} with ${found.exceeds} (cannot be verified)`
    case 'unsupported':
      return `${found.scheme} (cannot be verified)`
  }
}

/** With their full paths, folders behind the one they are in. */
const inboxFirst = (folders: readonly FolderRecord[]) => {
  const tree = new FolderTree(folders)
  return folders
    .map((folder) => ({ folder, path: tree.pathOf(folder) }))
    .toSorted(
      (a, b) =>
        Number(isInbox(b.folder)) - Number(isInbox(a.folder)) || a.path.localeCompare(b.path),
    )
}
