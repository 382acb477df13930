import type { Command } from 'commander'
import { roles } from '#shared/administration/rights/roles.ts'
import type { Define } from './define.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke role …`: who may administer what. */
export function roleCommands(parent: Command, define: Define): void {
  const role = parent.command('role').description('who may administer what')

  define(role.command('list'), {
    about: 'list who has a role, owners first',
    async run({ administration, output }) {
      const { holders } = await administration.roles.list()
      const shown = holders.map(({ sinceMs, ...facts }) => ({
        ...facts,
        since: formatTime(sinceMs),
      }))
      output.print(shown, (width) =>
        columns(
          ['ADDRESS', 'ROLE', 'SINCE', 'DOMAINS'],
          shown.map(({ address, role, since, domains, enabled }) => [
            enabled ? address : `${address} (disabled)`,
            role,
            since,
            domains.join(' '),
          ]),
          width,
        ),
      )
    },
  })

  define<{ domains?: readonly string[] }>(role.command('set <address> <role>'), {
    about: `give an account a role in place of the one it has: ${roles.join(', ')} (none)`,
    options: (command) =>
      command.option('--domains <domains...>', 'of a domain-admin or help-desk: for these'),
    async run({ administration, output }, [address, name = ''], { domains }) {
      const set = await administration.roles.set({ address, role: name, domains })
      if (set.kind !== 'role-set') throw refused(set, { domains: '--domains' })
      const { role: now, before } = set
      const of = set.domains.length === 0 ? '' : ` of ${set.domains.join(', ')}`
      output.print({ address: set.address, role: now, domains: set.domains, before }, () => [
        `${set.address} is ${now}${of}; it was ${before}`,
      ])
    },
  })
}
