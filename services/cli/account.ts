import type { Command } from 'commander'
import type { AccountFacts, ForwardFacts, PasswordFacts } from '#shared/administration/accounts.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { accountSafetyCommands } from './account-safety.ts'
import { appPasswordCommands } from './app-password.ts'
import { clientSetupCommand } from './client-setup.ts'
import { confirm, yesOption } from './confirm.ts'
import { type Credentials, credentialOptions, nameOfPassword, readSecret } from './credentials.ts'
import type { Define } from './define.ts'
import { factorsCommand } from './factors.ts'
import { CommandFailure } from './failure.ts'
import { importCommand } from './import.ts'
import { readAll } from './listing.ts'
import { loginsCommand } from './logins.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'
import { recoveryCommands } from './recovery.ts'
import { refused } from './refusal-text.ts'
import { sendingCommand } from './sending.ts'
import { warnAll } from './warning-text.ts'

/** `postwolke account …`: people with a mailbox. */
export function accountCommands(parent: Command, define: Define): void {
  const account = parent.command('account').description('people with a mailbox')
  addCommand(account, define)
  listCommand(account, define)
  showCommand(account, define)
  setCommand(account, define)
  removeCommand(account, define)
  emptyCommand(account, define)
  forwardCommand(account, define)
  freezeCommand(account, define)
  unfreezeCommand(account, define)
  appPasswordCommands(account, define)
  clientSetupCommand(account, define)
  loginsCommand(account, define)
  sendingCommand(account, define)
  accountSafetyCommands(account, define)
  factorsCommand(account, define)
  recoveryCommands(account, define)
  importCommand(account, define, {
    what: 'accounts',
    about:
      'add the accounts of a file (- for standard input): lines address:hash as in a passwd-file, or CSV with a heading',
    update: 'give accounts that are there the password, quota and state of the file',
    help: '\nCSV columns: address, password_hash, password, quota, enabled; only address must be there.',
  })
}

const quotaOption = [
  '--quota <size>',
  '500MB and the like, unlimited, or default (mailboxSizeLimit)',
] as const
const nameOption = ['--name <name>', 'as people know who it belongs to'] as const
const sharedOption = ['--shared', "nobody's own: its folders are shown below Shared/"] as const

type AddOptions = Credentials & {
  quota?: string
  name?: string
  disabled?: boolean
  shared?: boolean
}

function addCommand(account: Command, define: Define): void {
  define.quick(account.command('add <address>'), ['accounts'], {
    about: 'add an account',
    options: (command) => {
      credentialOptions(command)
      command.option(...quotaOption)
      command.option(...nameOption)
      command.option('--disabled', 'neither logs in nor gets mail yet')
      command.option(...sharedOption)
    },
    async run({ administration, output, process }, [address], options: AddOptions) {
      const { quota, name, disabled, shared } = options
      const added = await administration.accounts.add({
        address,
        secret: () => readSecret(options, process, { asks: true }),
        quota,
        displayName: name,
        enabled: disabled !== true,
        shared,
      })
      if (added.kind !== 'added') throw refused(added, nameOfPassword(options, process))
      output.print({ address: added.address }, () => [`account ${added.address} added`])
      warnAll(process, added.warnings)
    },
  })
}

function listCommand(account: Command, define: Define): void {
  define.quick(account.command('list [domain]'), ['accounts'], {
    about: 'list accounts',
    async run({ administration, output }, [name]) {
      const domain = name === '' ? undefined : name
      const all = await readAll((after) => administration.accounts.page({ domain, after }))
      output.print(all.map(shown), (width) =>
        columns(
          ['ADDRESS', 'ENABLED', 'USED', 'QUOTA', 'MESSAGES'],
          all.map((row) => [
            row.address,
            row.frozen !== null && row.enabled ? 'frozen' : row.enabled ? 'yes' : 'no',
            formatBytes(row.usedBytes),
            formatQuota(row),
            String(row.messages),
          ]),
          width,
        ),
      )
    },
  })
}

function showCommand(account: Command, define: Define): void {
  define.quick(account.command('show <address>'), ['accounts'], {
    about: 'show an account and its folders',
    async run({ administration, output }, [address]) {
      const found = await administration.accounts.show(address)
      if (found.kind !== 'account') throw refused(found)
      const { account: row, folders } = found
      output.print({ ...shown(row), folders }, (width) => [
        `account   ${row.address}${row.enabled ? '' : ' (disabled)'}${row.shared ? ' (shared)' : ''}`,
        ...(row.frozen === null
          ? []
          : [`frozen    since ${formatTime(row.frozen.sinceMs)}: ${row.frozen.reason}`]),
        ...(row.forward === null ? [] : [`forward   ${formatForward(row.forward)}`]),
        `created   ${formatTime(row.createdMs)}`,
        `password  ${formatPassword(row.password)}`,
        `used      ${formatBytes(row.usedBytes)} of ${formatQuota(row)}${row.hasDefaultQuota ? ' (mailboxSizeLimit)' : ''}`,
        '',
        ...columns(
          ['FOLDER', 'MESSAGES', 'UNSEEN', 'SIZE'],
          folders.map((folder) => [
            folder.path,
            String(folder.exists),
            String(folder.unseen),
            formatBytes(folder.bytes),
          ]),
          width,
        ),
      ])
    },
  })
}

type SetOptions = Credentials & {
  quota?: string
  name?: string
  enable?: boolean
  disable?: boolean
  shared?: boolean
}

function setCommand(account: Command, define: Define): void {
  define.quick(account.command('set <address>'), ['accounts'], {
    about: 'change an account',
    options: (command) => {
      credentialOptions(command)
      command.option(...quotaOption)
      command.option(...nameOption)
      command.option('--enable', 'logs in and gets mail again')
      command.option('--disable', 'neither logs in nor gets mail')
      command.option(...sharedOption)
      command.option('--no-shared', "somebody's own again: they are shown below Other Users/")
    },
    async run({ administration, output, process }, [address], options: SetOptions) {
      const { quota, name, enable, disable, shared } = options
      if (enable && disable) {
        throw new CommandFailure('--enable and --disable exclude each other', 'usage')
      }
      const changed = await administration.accounts.set({
        address,
        secret: () => readSecret(options, process, { asks: false }),
        quota,
        displayName: name,
        enabled: enable ? true : disable ? false : undefined,
        shared,
      })
      if (changed.kind !== 'set') throw refused(changed, nameOfPassword(options, process))
      output.print({ address: changed.address }, () => [`account ${changed.address} changed`])
      warnAll(process, changed.warnings)
    },
  })
}

function removeCommand(account: Command, define: Define): void {
  define.quick(account.command('remove <address>'), ['accounts'], {
    about: 'remove an account and all its mail',
    options: (command) => command.option(...yesOption),
    async run({ administration, output, process }, [name], options: { yes?: boolean }) {
      const { accounts } = administration
      const measured = await accounts.measure(name)
      if (measured.kind !== 'measured') throw refused(measured)
      await confirm(process, contents(measured), options)
      const removed = await accounts.remove(name)
      if (removed.kind !== 'removed') throw refused(removed)
      const { address, messages } = removed
      output.print({ removed: address, messages }, () => [
        `account ${address} removed with ${counted(messages, 'message')}`,
      ])
      warnAll(process, removed.warnings)
    },
  })
}

function emptyCommand(account: Command, define: Define): void {
  define.quick(account.command('empty <address>'), ['accounts'], {
    about: 'delete all mail and folders of an account',
    options: (command) => command.option(...yesOption),
    async run({ administration, output, process }, [name], options: { yes?: boolean }) {
      const { accounts } = administration
      const measured = await accounts.measure(name)
      if (measured.kind !== 'measured') throw refused(measured)
      await confirm(process, `the mail of ${contents(measured)}`, options)
      const emptied = await accounts.empty(name)
      if (emptied.kind !== 'emptied') throw refused(emptied)
      const { address, messages } = emptied
      output.print({ messages }, () => [`${counted(messages, 'message')} of ${address} deleted`])
    },
  })
}

type ForwardOptions = { to?: readonly string[]; keep?: boolean; off?: boolean }

function forwardCommand(account: Command, define: Define): void {
  define.quick(account.command('forward <address>'), ['accounts'], {
    about: 'have the mail of an account sent on, as .forward does',
    options: (command) => {
      command.option('--to <addresses...>', 'where to; in place of where it went before')
      command.option('--keep', 'the account gets it too')
      command.option('--off', 'its mail stays here again')
    },
    async run({ administration, output, process }, [name], options: ForwardOptions) {
      const { to = [], keep, off = false } = options
      if (off === to.length > 0) throw new CommandFailure('--to or --off is needed', 'usage')
      const forwarded = await administration.accounts.forward({ address: name, to, keep })
      if (forwarded.kind !== 'forwarded') throw refused(forwarded)
      const { address, forward } = forwarded
      output.print({ address, forward }, () => [
        `mail of ${address} ${forward === null ? 'stays here' : formatForward(forward)}`,
      ])
      warnAll(process, forwarded.warnings)
    },
  })
}

function freezeCommand(account: Command, define: Define): void {
  define.quick(account.command('freeze <address>'), ['accounts'], {
    about: 'end the sending of an account and hold its mail in the queue; it receives and reads on',
    options: (command) =>
      command.requiredOption('--reason <text>', 'why, for administrators; the account is not told'),
    async run({ administration, output }, [name], options: { reason: string }) {
      const frozen = await administration.accounts.freeze({ address: name, ...options })
      if (frozen.kind !== 'frozen') throw refused(frozen)
      const { address, wasFrozen, held } = frozen
      output.print({ address, wasFrozen, held }, () => [
        `account ${address} ${wasFrozen ? 'was frozen already' : 'frozen'}, ${counted(held, 'message')} held`,
      ])
    },
  })
}

function unfreezeCommand(account: Command, define: Define): void {
  define.quick(account.command('unfreeze <address>'), ['accounts'], {
    about: 'let an account send again',
    options: (command) =>
      command.option('--release', 'send what was held in the queue for it, too'),
    async run({ administration, output }, [name], options: { release?: boolean }) {
      const { release } = options
      const unfrozen = await administration.accounts.unfreeze({ address: name, release })
      if (unfrozen.kind !== 'unfrozen') throw refused(unfrozen)
      const { address, wasFrozen, released } = unfrozen
      output.print({ address, wasFrozen, released }, () => [
        `account ${address} ${wasFrozen ? 'sends again' : 'was not frozen'}${release ? `, ${counted(released, 'message')} released` : ''}`,
      ])
    },
  })
}

const contents = (measured: {
  readonly address: string
  readonly messages: number
  readonly bytes: number
}) =>
  `${measured.address} with ${counted(measured.messages, 'message')} (${formatBytes(measured.bytes)})`

const shown = (account: AccountFacts) => ({
  address: account.address,
  id: account.id,
  enabled: account.enabled,
  shared: account.shared,
  quotaBytes: account.quotaBytes,
  usedBytes: account.usedBytes,
  messages: account.messages,
  passwordScheme: formatPassword(account.password),
  created: formatTime(account.createdMs),
  ...(account.displayName !== '' && { displayName: account.displayName }),
  ...(account.forward && { forward: account.forward }),
  ...(account.frozen && {
    frozen: { reason: account.frozen.reason, since: formatTime(account.frozen.sinceMs) },
  }),
})

const formatForward = ({ to, keep }: ForwardFacts) =>
  `is sent on to ${to.join(', ')}${keep ? ', with a copy here' : ''}`

const formatQuota = ({ quotaBytes }: AccountFacts) =>
  quotaBytes === 0 ? 'unlimited' : formatBytes(quotaBytes)

function formatPassword(password: PasswordFacts): string {
  switch (password.kind) {
    case 'known':
      return password.scheme
    case 'no-login':
      return 'none (no login)'
    case 'costly':
      return `${password.scheme} with ${password.exceeds} (cannot be verified)`
    case 'unsupported':
      return `${password.scheme} (cannot be verified)`
    default:
      return unreachable(password)
  }
}
