import type { Command } from 'commander'
import { hashPassword, isPassword, isSupportedHash } from '#shared/auth/passwords.ts'
import type { AccountRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { addressArgument, quotaArgument } from './arguments.ts'
import type { Context, Process } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatBytes, formatTime } from './output.ts'

type Credentials = { readonly passwordStdin?: boolean; readonly passwordHash?: string }

/** `postwolke account …`: people with a mailbox. */
export function accountCommands(parent: Command, define: Define): void {
  const account = parent.command('account').description('people with a mailbox')

  define(account.command('add <address>'), {
    about: 'add an account',
    options: (command) => {
      credentialOptions(command)
      command.option('--quota <size>', 'bytes, or 500MB and the like; default, unlimited')
      command.option('--disabled', 'may not log in and gets no mail yet')
    },
    async run(context, [name], options: Credentials & { quota?: string; disabled?: boolean }) {
      const passwordHash = await readCredentials(options, context.process)
      if (passwordHash === undefined) {
        throw new CommandFailure('give the password with --password-stdin (or --password-hash)')
      }
      const added = await context.core.directory.accounts.add({
        address: addressArgument(name, context),
        passwordHash,
        quotaBytes: quotaArgument(options.quota ?? 'default'),
        enabled: options.disabled !== true,
      })
      if (added.kind === 'exists') throw new CommandFailure(`account ${name} exists already`)
      if (added.kind === 'no-such-domain') {
        const domain = name.slice(name.lastIndexOf('@') + 1)
        throw new CommandFailure(`no domain ${domain}; 'postwolke domain add ${domain}' makes it`)
      }
      await context.core.mailbox.folders.list(added.account.id)
      const address = formatAddress(added.account.address)
      context.output.print({ address }, () => [`account ${address} added`])
    },
  })

  define(account.command('list [domain]'), {
    about: 'list accounts',
    json: true,
    async run(context, [domain]) {
      const { core, output } = context
      const rows: Awaited<ReturnType<typeof facts>>[] = []
      const wanted = domain === '' ? undefined : addressArgument(`x@${domain}`, context).domain
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
    json: true,
    async run(context, [name]) {
      const found = await existing(name, context)
      const row = await facts(found, context)
      const folders = await context.core.mailbox.folders.list(found.id)
      context.output.print(
        { ...row, folders: folders.map(({ digest: _, ...folder }) => folder) },
        () => [
          `account   ${row.address}${row.enabled ? '' : ' (disabled)'}`,
          `created   ${row.created}`,
          `used      ${formatBytes(row.usedBytes)} of ${row.quotaBytes === 0 ? 'unlimited' : formatBytes(row.quotaBytes)}${found.quotaBytes === null ? ' (mailboxSizeLimit)' : ''}`,
          '',
          ...columns(
            ['FOLDER', 'MESSAGES', 'UNSEEN', 'SIZE'],
            folders.map((folder) => [
              folder.name,
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
      command.option('--quota <size>', 'bytes, or 500MB and the like; default, unlimited')
      command.option('--enable', 'may log in and gets mail')
      command.option('--disable', 'may not log in and gets no mail')
    },
    async run(
      context,
      [name],
      options: Credentials & { quota?: string; enable?: boolean; disable?: boolean },
    ) {
      if (options.enable && options.disable) {
        throw new CommandFailure('--enable and --disable exclude each other')
      }
      const passwordHash = await readCredentials(options, context.process)
      const enabled = options.enable ? true : options.disable ? false : undefined
      const quotaBytes = options.quota === undefined ? undefined : quotaArgument(options.quota)
      const changes = {
        ...(passwordHash === undefined ? {} : { passwordHash }),
        ...(enabled === undefined ? {} : { enabled }),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
      }
      if (Object.keys(changes).length === 0) throw new CommandFailure('nothing to change was given')
      const address = addressArgument(name, context)
      const changed = await context.core.directory.accounts.set(address, changes)
      if (changed.kind === 'no-such-account') throw new CommandFailure(`no account ${name}`)
      context.output.print({ address: formatAddress(changed.account.address) }, () => [
        `account ${formatAddress(changed.account.address)} changed`,
      ])
    },
  })

  define(account.command('remove <address>'), {
    about: 'remove an account and all its mail',
    async run(context, [name]) {
      const address = addressArgument(name, context)
      const removed = await context.core.directory.accounts.remove(address)
      if (removed.kind === 'no-such-account') throw new CommandFailure(`no account ${name}`)
      const messages = await context.core.mailbox.empty(removed.account.id)
      context.output.print({ removed: formatAddress(removed.account.address), messages }, () => [
        `account ${formatAddress(removed.account.address)} removed with ${messages} messages`,
      ])
    },
  })

  define(account.command('empty <address>'), {
    about: 'delete all mail and folders of an account',
    json: true,
    async run(context, [name]) {
      const found = await existing(name, context)
      const messages = await context.core.mailbox.empty(found.id)
      context.output.print({ messages }, () => [`${messages} messages deleted`])
    },
  })
}

function credentialOptions(command: Command): void {
  command.option('--password-stdin', 'read the password from standard input (one line)')
  command.option('--password-hash <hash>', 'an existing hash: crypt(3), bcrypt or argon2')
}

async function readCredentials(
  options: Credentials,
  process: Process,
): Promise<string | undefined> {
  if (options.passwordHash !== undefined) {
    if (isSupportedHash(options.passwordHash)) return options.passwordHash
    throw new CommandFailure('--password-hash is of no scheme that can be verified')
  }
  if (!options.passwordStdin) return undefined
  const password = (await process.readStdin()).replace(/\r?\n$/, '')
  if (!isPassword(password))
    throw new CommandFailure('the password is empty, too long or has a NUL')
  return hashPassword(password)
}

async function existing(name: string, context: Context): Promise<AccountRecord> {
  const found = await context.core.directory.accounts.get(addressArgument(name, context))
  if (found === undefined) throw new CommandFailure(`no account ${name}`)
  return found
}

async function facts(account: AccountRecord, { core }: Context) {
  const folders = await core.mailbox.folders.list(account.id)
  return {
    address: formatAddress(account.address),
    id: account.id,
    enabled: account.enabled,
    quotaBytes: account.quotaBytes ?? core.settings.mailboxSizeLimit,
    usedBytes: folders.reduce((sum, folder) => sum + folder.bytes, 0),
    messages: folders.reduce((sum, folder) => sum + folder.exists, 0),
    created: formatTime(account.createdMs),
  }
}
