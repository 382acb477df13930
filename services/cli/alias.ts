import type { Command } from 'commander'
import type { Alias } from '#shared/directory/aliases.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { addressArgument, aliasArgument, ownDomain } from './arguments.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns } from './output.ts'

/** `postwolke alias …`: addresses whose mail goes elsewhere; `@domain` is the catch-all. */
export function aliasCommands(parent: Command, define: Define): void {
  const alias = parent
    .command('alias')
    .description('addresses whose mail goes elsewhere; @domain is the catch-all')

  define(alias.command('add <alias> <targets...>'), {
    about: 'add an alias for one or many addresses, here or anywhere',
    async run(context, [name, ...targets]) {
      const added = await context.core.directory.aliases.add(
        aliasArgument(name, context),
        targets.map((target) => addressArgument(target, context)),
      )
      switch (added.kind) {
        case 'exists':
          throw new CommandFailure(`alias ${name} exists already; 'alias set' changes it`)
        case 'no-such-domain':
          throw new CommandFailure(`the domain of ${name} is not one of ours`)
        case 'bad-targets':
          throw new CommandFailure(`an alias has 1 to ${added.max} targets`)
        case 'ok':
          context.output.print(shown(added.alias), () => [line(added.alias)])
      }
    },
  })

  define(alias.command('list [domain]'), {
    about: 'list aliases',
    async run(context, [domain]) {
      const { core, output } = context
      const wanted = domain === '' ? undefined : await ownDomain(domain, context)
      const aliases = await Array.fromAsync(core.directory.aliases.list(wanted))
      output.print(aliases.map(shown), () =>
        columns(
          ['ALIAS', 'TARGETS'],
          aliases.map((found) => [shown(found).alias, shown(found).targets.join(' ')]),
        ),
      )
    },
  })

  define(alias.command('show <alias>'), {
    about: 'show where an alias leads, through all aliases behind it',
    async run(context, [name]) {
      const { core, output } = context
      const found = await core.directory.aliases.get(aliasArgument(name, context))
      if (found === undefined) throw new CommandFailure(`no alias ${name}`)
      const { local, remote, failed } = await core.directory.expand(found.targets)
      const accounts = local.map((end) => formatAddress(end.address))
      const elsewhere = remote.map((end) => formatAddress(end.address))
      const nowhere = failed.map((end) => `${formatAddress(end.address)} (${end.reason})`)
      output.print({ ...shown(found), accounts, elsewhere, nowhere }, () => [
        line(found),
        `accounts   ${accounts.join(' ') || 'none'}`,
        `elsewhere  ${elsewhere.join(' ') || 'none'}`,
        ...(nowhere.length > 0 ? [`nowhere    ${nowhere.join(' ')}`] : []),
      ])
    },
  })

  define(alias.command('set <alias> <targets...>'), {
    about: 'give an alias other targets',
    async run(context, [name, ...targets]) {
      const changed = await context.core.directory.aliases.set(
        aliasArgument(name, context),
        targets.map((target) => addressArgument(target, context)),
      )
      switch (changed.kind) {
        case 'no-such-alias':
          throw new CommandFailure(`no alias ${name}`)
        case 'bad-targets':
          throw new CommandFailure(`an alias has 1 to ${changed.max} targets`)
        case 'ok':
          context.output.print(shown(changed.alias), () => [line(changed.alias)])
      }
    },
  })

  define(alias.command('remove <alias>'), {
    about: 'remove an alias',
    async run(context, [name]) {
      const removed = await context.core.directory.aliases.remove(aliasArgument(name, context))
      if (removed.kind === 'no-such-alias') throw new CommandFailure(`no alias ${name}`)
      context.output.print({ removed: name }, () => [`alias ${name} removed`])
    },
  })
}

const shown = ({ name, targets }: Alias) => ({
  alias: `${name.local ?? ''}@${name.domain}`,
  targets: targets.map(formatAddress),
})

const line = (alias: Alias) => `${shown(alias).alias} -> ${shown(alias).targets.join(' ')}`
