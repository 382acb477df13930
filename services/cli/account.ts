import type { Command } from 'commander'
import {
  isPassword,
  isSupportedHash,
  PASSWORD_BYTES_MAX,
  storedPassword,
} from '#shared/auth/passwords.ts'
import { recognise } from '#shared/auth/schemes/index.ts'
import type { AccountRecord, StoredPassword } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { addressArgument, ownDomain, quotaArgument } from './arguments.ts'
import type { Context, Process } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'

type Credentials = { readonly passwordStdin?: boolean; readonly passwordHash?: string }

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
    },
    async run(context, [name], options: Credentials & { quota?: string; disabled?: boolean }) {
      const stored = await readCredentials(options, context.process)
      if (stored === undefined) {
        throw new CommandFailure('give a password with --password-stdin or --password-hash')
      }
      const added = await context.core.directory.accounts.add({
        address: addressArgument(name, context),
        ...stored,
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
        { ...row, folders: folders.map(({ digest: _, counted: __, ...folder }) => folder) },
        () => [
          `account   ${row.address}${row.enabled ? '' : ' (disabled)'}`,
          `created   ${row.created}`,
          `password  ${row.passwordScheme}`,
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
      command.option(
        '--quota <size>',
        '500MB and the like, unlimited, or default (mailboxSizeLimit)',
      )
      command.option('--enable', 'logs in and gets mail again')
      command.option('--disable', 'neither logs in nor gets mail')
    },
    async run(
      context,
      [name],
      options: Credentials & { quota?: string; enable?: boolean; disable?: boolean },
    ) {
      if (options.enable && options.disable) {
        throw new CommandFailure('--enable and --disable exclude each other')
      }
      const stored = await readCredentials(options, context.process)
      const enabled = options.enable ? true : options.disable ? false : undefined
      const quotaBytes = options.quota === undefined ? undefined : quotaArgument(options.quota)
      const changes = {
        ...stored,
        ...(enabled === undefined ? {} : { enabled }),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
      }
      if (Object.keys(changes).length === 0) {
        throw new CommandFailure(
          'nothing to change: give --password-stdin, --quota, --enable or --disable',
        )
      }
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
        `account ${formatAddress(removed.account.address)} removed with ${counted(messages, 'message')}`,
      ])
    },
  })

  define(account.command('empty <address>'), {
    about: 'delete all mail and folders of an account',
    async run(context, [name]) {
      const found = await existing(name, context)
      const messages = await context.core.mailbox.empty(found.id)
      context.output.print({ messages }, () => [
        `${counted(messages, 'message')} of ${formatAddress(found.address)} deleted`,
      ])
    },
  })
}

function credentialOptions(command: Command): void {
  command.option('--password-stdin', 'read the password from standard input (one line)')
  command.option('--password-hash <hash>', 'an existing hash: crypt(3), bcrypt, argon2, {SCHEME}…')
}

async function readCredentials(
  options: Credentials,
  process: Process,
): Promise<StoredPassword | undefined> {
  const { passwordHash } = options
  if (passwordHash !== undefined) {
    // Without the password there is no verifier; the first login with the password makes it.
    if (isSupportedHash(passwordHash)) return { passwordHash, scramVerifier: null }
    throw new CommandFailure(
      '--password-hash is not one that can be verified; known: crypt(3) (DES, $1$, $5$, $6$), bcrypt, argon2, {SCHEME} as in Dovecot',
    )
  }
  if (!options.passwordStdin) return undefined
  const password = (await process.readStdin('password (then Enter and Ctrl-D): ')).replace(
    /\r?\n$/,
    '',
  )
  if (!isPassword(password) || /[\r\n]/.test(password)) {
    throw new CommandFailure(
      `the password on standard input must be one line of 1 to ${PASSWORD_BYTES_MAX} bytes without NUL`,
    )
  }
  return storedPassword(password)
}

async function existing(name: string, context: Context): Promise<AccountRecord> {
  const found = await context.core.directory.accounts.get(addressArgument(name, context))
  if (found === undefined) throw new CommandFailure(`no account ${name}`)
  return found
}

async function facts(account: AccountRecord, { core }: Context) {
  const used = await core.mailbox.usage(account.id)
  return {
    address: formatAddress(account.address),
    id: account.id,
    enabled: account.enabled,
    quotaBytes: account.quotaBytes ?? core.settings.mailboxSizeLimit,
    usedBytes: used.bytes,
    messages: used.messages,
    passwordScheme: schemeOf(account.passwordHash),
    created: formatTime(account.createdMs),
  }
}

function schemeOf(passwordHash: string): string {
  const found = recognise(passwordHash)
  return found.kind === 'known' ? found.scheme.name : `${found.scheme} (cannot be verified)`
}

const inboxFirst = (folders: readonly FolderRecord[]) =>
  folders.toSorted(
    (a, b) => Number(isInbox(b)) - Number(isInbox(a)) || a.name.localeCompare(b.name),
  )
