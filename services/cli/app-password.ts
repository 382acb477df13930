import type { Command } from 'commander'
import type { AppPasswordFacts } from '#shared/administration/app-passwords.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke account app-password …`: passwords for one program each. */
export function appPasswordCommands(account: Command, define: Define): void {
  const group = account
    .command('app-password')
    .description('passwords of an account for one program each')
  addCommand(group, define)
  listCommand(group, define)
  revokeCommand(group, define)
}

type AddOptions = { name: string; for?: readonly string[]; expires?: string }

function addCommand(group: Command, define: Define): void {
  define(group.command('add <address>'), {
    about: 'make an app password; it is shown this once',
    options: (command) => {
      command.requiredOption('--name <text>', 'which program has it')
      command.option('--for <protocols...>', 'imap, pop3, smtp, managesieve or all (default: all)')
      command.option('--expires <time>', 'a time, or for how long, such as 90d (default: never)')
    },
    async run({ administration, output }, [address], options: AddOptions) {
      const { name, for: scopes, expires } = options
      const made = await administration.appPasswords.make({ address, name, scopes, expires })
      if (made.kind !== 'made') throw refused(made)
      const { appPassword, password } = made
      output.print({ address: made.address, ...shown(appPassword), password }, () => [
        password,
        '',
        `for ${formatScopes(appPassword)} of ${made.address}; it is not shown again`,
      ])
    },
  })
}

function listCommand(group: Command, define: Define): void {
  define(group.command('list <address>'), {
    about: 'list the app passwords of an account',
    async run({ administration, output }, [address]) {
      const found = await administration.appPasswords.list(address)
      if (found.kind !== 'app-passwords') throw refused(found)
      output.print(found.appPasswords.map(shown), (width) =>
        columns(
          ['ID', 'NAME', 'FOR', 'MADE', 'EXPIRES', 'LAST USED'],
          found.appPasswords.map((one) => [
            one.id,
            one.name,
            formatScopes(one),
            formatTime(one.createdMs),
            formatExpiry(one),
            formatLastUse(one),
          ]),
          width,
        ),
      )
    },
  })
}

type RevokeOptions = { all?: boolean }

function revokeCommand(group: Command, define: Define): void {
  define(group.command('revoke <address> [id]'), {
    about: 'end an app password, and the sessions that came by it',
    options: (command) => command.option('--all', 'every one that the account has'),
    async run({ administration, output }, [address, id], { all = false }: RevokeOptions) {
      if (all === (id !== undefined)) throw new CommandFailure('an id or --all is needed', 'usage')
      if (id === undefined) {
        const revoked = await administration.appPasswords.revokeAll(address)
        if (revoked.kind !== 'all-revoked') throw refused(revoked)
        output.print({ address: revoked.address, revoked: revoked.count }, () => [
          `app passwords of ${revoked.address} revoked: ${revoked.count}`,
        ])
        return
      }
      const revoked = await administration.appPasswords.revoke({ address, id })
      if (revoked.kind !== 'revoked') throw refused(revoked)
      output.print({ address: revoked.address, ...shown(revoked.appPassword) }, () => [
        `app password '${revoked.appPassword.name}' of ${revoked.address} revoked`,
      ])
    },
  })
}

const shown = ({ createdMs, expiresMs, lastUse, ...one }: AppPasswordFacts) => ({
  ...one,
  created: formatTime(createdMs),
  expires: expiresMs === null ? null : formatTime(expiresMs),
  lastUse: lastUse && {
    service: lastUse.service,
    network: lastUse.network,
    at: formatTime(lastUse.lastMs),
  },
})

const formatScopes = ({ scopes }: AppPasswordFacts) => scopes.join(', ')

function formatExpiry({ expiresMs, hasExpired }: AppPasswordFacts): string {
  if (expiresMs === null) return 'never'
  return hasExpired ? 'is over' : formatTime(expiresMs)
}

const formatLastUse = ({ lastUse }: AppPasswordFacts) =>
  lastUse === null ? '-' : `${formatTime(lastUse.lastMs)} ${lastUse.service} ${lastUse.network}`
