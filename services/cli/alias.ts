import type { Command } from 'commander'
import { aliasArgument, ownDomain, targetArguments } from '#shared/administration/fields.ts'
import { aliasImportCommand } from '#shared/administration/imports/alias-rows.ts'
import { routeLines, routeOf } from '#shared/administration/routes.ts'
import {
  aliasText,
  aliasWarnings,
  leftBehind,
  ownAddress,
} from '#shared/administration/warnings.ts'
import type { Alias } from '#shared/directory/aliases.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import type { AliasName } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, warn } from './output.ts'

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
        targetArguments(targets, context),
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
          await warnOf(added.alias, context)
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

  define(alias.command('show <address>'), {
    about: 'show where mail to an address goes: an alias, an account, a catch-all, or nowhere',
    async run(context, [text]) {
      const { core, output } = context
      const name = aliasArgument(text, context)
      const found = (await core.directory.aliases.get(name)) ?? (await byOtherName(name, context))
      if (found !== undefined) {
        const route = await routeOf(core, found.targets)
        output.print({ ...shown(found), ...route }, () => [line(found), ...routeLines(route)])
        return
      }
      const address = ownAddress(name)
      if (address === undefined) throw new CommandFailure(`no alias ${text}`)
      const recipient = await core.directory.resolve(address)
      if (recipient.kind === 'unknown') {
        throw new CommandFailure(`no alias ${text}, no account either, and no catch-all`)
      }
      const route = await routeOf(core, [address])
      output.print({ alias: null, address: formatAddress(address), ...route }, () => [
        `${formatAddress(address)} is ${whatItIs(recipient)}`,
        ...routeLines(route),
      ])
    },
  })

  define(alias.command('set <alias> <targets...>'), {
    about: 'give an alias other targets',
    async run(context, [name, ...targets]) {
      const changed = await context.core.directory.aliases.set(
        aliasArgument(name, context),
        targetArguments(targets, context),
      )
      switch (changed.kind) {
        case 'no-such-alias':
          throw new CommandFailure(`no alias ${name}`)
        case 'bad-targets':
          throw new CommandFailure(`an alias has 1 to ${changed.max} targets`)
        case 'ok':
          context.output.print(shown(changed.alias), () => [line(changed.alias)])
          await warnOf(changed.alias, context)
      }
    },
  })

  define(alias.command('remove <alias>'), {
    about: 'remove an alias',
    async run(context, [name]) {
      const gone = aliasArgument(name, context)
      const removed = await context.core.directory.aliases.remove(gone)
      if (removed.kind === 'no-such-alias') throw new CommandFailure(`no alias ${name}`)
      context.output.print({ removed: name }, () => [`alias ${name} removed`])
      const address = ownAddress(gone)
      if (address === undefined) return
      for (const text of await leftBehind(address, context.core)) warn(context.process, text)
    },
  })

  aliasImportCommand(alias, define)
}

function whatItIs(recipient: Exclude<Recipient, { readonly kind: 'unknown' }>): string {
  switch (recipient.kind) {
    case 'account':
      return `the account ${formatAddress(recipient.address)}`
    case 'disabled':
      return `the account ${formatAddress(recipient.address)}, which is disabled`
    case 'remote':
      return 'elsewhere: its domain is not one of ours'
    case 'alias':
      return `the alias ${aliasText(recipient.name)}`
    default:
      return unreachable(recipient)
  }
}

/** What an address without an alias of its own is taken for: its base without the extension, the catch-all. */
async function byOtherName(name: AliasName, { core }: Context): Promise<Alias | undefined> {
  const address = ownAddress(name)
  const found = address && (await core.directory.resolve(address))
  return found?.kind === 'alias' ? { name: found.name, targets: found.targets } : undefined
}

/** It is as it was asked for; whether it was meant so is another question. */
async function warnOf(alias: Alias, { core, process }: Context): Promise<void> {
  for (const text of await aliasWarnings(alias, core)) warn(process, text)
}

const shown = ({ name, targets }: Alias) => ({
  alias: aliasText(name),
  targets: targets.map(formatAddress),
})

const line = (alias: Alias) => `${shown(alias).alias} -> ${shown(alias).targets.join(' ')}`
