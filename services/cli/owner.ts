import type { Command } from 'commander'
import { unreachable } from '#shared/runtime/errors.ts'
import { consoleOf } from './console-address.ts'
import type { Common } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { linkUrl } from './link-url.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke owner …`: whoever runs the machine or the deployment makes the first owner, and helps one who lost his way in. */
export function ownerCommands(parent: Command, define: Define): void {
  const owner = parent.command('owner').description('who may do everything over HTTP')

  define(owner.command('list'), {
    about: 'list who has a role, owners first',
    async run({ administration, output }) {
      const { holders } = await administration.roles.list()
      output.print(holders, (width) => [
        ...columns(
          ['address', 'role', 'since', 'domains'],
          holders.map(({ address, role, sinceMs, domains, enabled }) => [
            enabled ? address : `${address} (disabled)`,
            role,
            formatTime(sinceMs),
            domains.join(' '),
          ]),
          width,
        ),
      ])
    },
  })

  define(owner.command('grant <address>'), {
    about: 'make an account an owner',
    async run({ administration, output }, [address]) {
      const set = await administration.roles.set({ address, role: 'owner' })
      if (set.kind !== 'role-set') throw refused(set)
      output.print(set, () => [`${set.address} is an owner`])
    },
  })

  define(owner.command('revoke <address>'), {
    about: 'take the role of an account away, whatever it is',
    async run({ administration, output }, [address]) {
      const set = await administration.roles.set({ address, role: 'holder' })
      if (set.kind !== 'role-set') throw refused(set)
      output.print(set, () => [`${set.address} has no role; it was ${set.before}`])
    },
  })

  define<Common>(owner.command('link'), {
    about:
      'print a link with which whoever opens it becomes the first owner, once, within 24 hours',
    async run(context, _, options) {
      const { administration, output } = context
      const made = await administration.invitations.inviteFirstOwner('command line')
      switch (made.kind) {
        case 'has-owner':
          throw new CommandFailure(
            "there is an owner already; 'postwolke owner list' tells who, 'owner recover' makes him a link",
            'exists',
          )
        case 'invited':
          return print(made, await consoleOf(context, options), output)
        default:
          return unreachable(made)
      }
    },
  })

  define<Common>(owner.command('recover <address>'), {
    about:
      'let an owner in again who lost password or second factor: takes his factors away, ends his sessions, prints a link for a new password',
    async run(context, [address], options) {
      const { administration, output } = context
      const made = await administration.invitations.recoverOwner({ address, by: 'command line' })
      if (made.kind !== 'invited') throw refused(made)
      print(made, await consoleOf(context, options), output)
    },
  })
}

type Made = {
  readonly address: string | null
  readonly secret: string
  readonly expiresMs: number
}

function print(
  { address, secret, expiresMs }: Made,
  hostname: string,
  output: { print(data: unknown, lines: () => readonly string[]): void },
): void {
  const url = linkUrl(hostname, secret)
  output.print({ address, url, expires: formatTime(expiresMs) }, () => [
    `open this once, before ${formatTime(expiresMs)}:`,
    `  ${url}`,
  ])
}
