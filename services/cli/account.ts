import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { hashProblem, passwordRule, storedPassword } from '#shared/auth/passwords.ts'
import { recognise } from '#shared/auth/schemes/index.ts'
import type { AccountRecord, StoredPassword } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { isInbox } from '#shared/mailbox/folders.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { isPassword } from '#shared/sasl/password.ts'
import { addressArgument, ownAddressArgument, ownDomain, quotaArgument } from './arguments.ts'
import type { Context, Process } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'

type Credentials = {
  readonly passwordStdin?: boolean
  readonly passwordHash?: string
  readonly hashStdin?: boolean
  readonly hashFile?: string
}

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
      const stored = await readCredentials(options, context.process)
      if (stored === undefined) {
        throw new CommandFailure(
          'give a password with --password-stdin, or its hash with --hash-stdin',
        )
      }
      const added = await context.core.directory.accounts.add({
        address: ownAddressArgument(name, context),
        ...stored,
        quotaBytes: quotaArgument(options.quota ?? 'default'),
        enabled: options.disabled !== true,
        shared: options.shared === true,
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
        {
          ...row,
          folders: folders.map(({ digest: _, counted: __, recentFrom: ___, ...folder }) => folder),
        },
        () => [
          `account   ${row.address}${row.enabled ? '' : ' (disabled)'}${row.shared ? ' (shared)' : ''}`,
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
      const stored = await readCredentials(options, context.process)
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
          'nothing to change: give --password-stdin, --hash-stdin, --quota, --enable, --disable or --shared',
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
      const messages = await context.core.mailbox.remove(removed.account.id)
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
  command.option('--hash-stdin', 'read an existing hash: crypt(3), bcrypt, argon2, {SCHEME}…')
  command.option('--hash-file <file>', 'the same from a file')
  command.option('--password-hash <hash>', 'the same here, where other users of the machine see it')
}

async function readCredentials(
  options: Credentials,
  process: Process,
): Promise<StoredPassword | undefined> {
  const { passwordStdin, passwordHash, hashStdin, hashFile } = options
  const given = [passwordStdin, passwordHash, hashStdin, hashFile]
  if (given.filter((option) => option !== undefined).length > 1)
    throw new CommandFailure('give one password, or one hash')
  if (passwordStdin) {
    const line = oneLine(await process.readStdin('password (then Enter and Ctrl-D): '))
    if (line !== undefined && isPassword(line)) return storedPassword(line)
    throw new CommandFailure(
      `the password on standard input must be one line of UTF-8; ${passwordRule}`,
    )
  }
  if (passwordHash !== undefined) return existingHash(passwordHash)
  if (hashStdin) {
    return existingHash(oneLine(await process.readStdin('hash (then Enter and Ctrl-D): ')))
  }
  if (hashFile === undefined) return undefined
  const file = await readFile(hashFile).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(`cannot read the hash: ${error.message}`)
  })
  return existingHash(oneLine(file))
}

/** Without the password there is no verifier; the first login with the password makes it. */
function existingHash(given: string | Buffer | undefined): StoredPassword {
  if (given === undefined) throw new CommandFailure('a hash is one line of UTF-8')
  const passwordHash = given.toString()
  const problem = hashProblem(passwordHash)
  if (problem !== undefined) throw new CommandFailure(problem)
  return { passwordHash, scramVerifier: null }
}

/** What is given without the end of its line; undefined when it is not one line of UTF-8. */
function oneLine(given: Uint8Array): Buffer | undefined {
  const text = Buffer.from(given)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  return isUtf8(given) && !/[\r\n]/.test(text) ? Buffer.from(text) : undefined
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
    shared: account.shared,
    quotaBytes: account.quotaBytes ?? core.settings.mailboxSizeLimit,
    usedBytes: used.bytes,
    messages: used.messages,
    passwordScheme: schemeOf(account.passwordHash),
    created: formatTime(account.createdMs),
  }
}

function schemeOf(passwordHash: string): string {
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

const inboxFirst = (folders: readonly FolderRecord[]) =>
  folders.toSorted(
    (a, b) => Number(isInbox(b)) - Number(isInbox(a)) || a.name.localeCompare(b.name),
  )
