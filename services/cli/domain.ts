import type { Command } from 'commander'
import type { Core } from '#services/assembly/core.ts'
import { addressArgument, domainArgument } from '#shared/administration/fields.ts'
import { domainImportCommand } from '#shared/administration/imports/domain-rows.ts'
import { hasAccounts, noPostmaster } from '#shared/administration/postmaster.ts'
import { routeOf } from '#shared/administration/routes.ts'
import { aliasText } from '#shared/administration/warnings.ts'
import type { DomainRecord } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { type Domain, displayDomain } from '#shared/mail/domain.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'

/** `postwolke domain …`: the domains this system receives mail for. */
export function domainCommands(parent: Command, define: Define): void {
  const domain = parent.command('domain').description('domains this system receives mail for')

  define(domain.command('add <domain>'), {
    about: 'add a domain',
    mayCreate: true,
    options: (command) => command.option('--postmaster <address>', 'where mail to postmaster goes'),
    async run(context, [name], options: { postmaster?: string }) {
      const added = await context.core.directory.domains.add(
        domainArgument(name),
        options.postmaster === undefined
          ? {}
          : { postmaster: addressArgument(options.postmaster, context) },
      )
      if (added.kind === 'exists') throw new CommandFailure(`domain ${name} exists already`)
      const told = options.postmaster === undefined ? await postmasterOf(name, context) : []
      context.output.print(shown(added.domain), () => [
        `domain ${added.domain.domain} added`,
        ...told,
      ])
    },
  })

  define(domain.command('list'), {
    about: 'list the domains',
    async run({ core, output }) {
      const domains = await Array.fromAsync(core.directory.domains.list())
      output.print(domains.map(shown), () =>
        columns(
          ['DOMAIN', 'ACCOUNTS', 'ALIASES'],
          domains.map((found) => [
            displayDomain(found.domain),
            String(found.accounts),
            String(found.aliases),
          ]),
        ),
      )
    },
  })

  define(domain.command('show <domain>'), {
    about: 'show a domain with its addresses',
    async run({ core, output }, [name]) {
      const wanted = domainArgument(name)
      const found = await core.directory.domains.get(wanted)
      if (found === undefined) throw new CommandFailure(`no domain ${name}`)
      const accounts = await Array.fromAsync(core.directory.accounts.list(wanted))
      const aliases = await Array.fromAsync(core.directory.aliases.list(wanted))
      const addresses = accounts.map((account) => formatAddress(account.address))
      const names = aliases.map(({ name }) => aliasText(name))
      output.print({ ...shown(found), addresses, aliasNames: names }, () => [
        `domain    ${displayDomain(found.domain)}`,
        `created   ${formatTime(found.createdMs)}`,
        `accounts  ${addresses.join(' ') || 'none'}`,
        `aliases   ${names.join(' ') || 'none'}`,
      ])
    },
  })

  define(domain.command('remove <domain>'), {
    about: 'remove a domain',
    options: (command) =>
      command
        .option('--force', 'remove its accounts, their mail and its aliases too')
        .option(...yesOption),
    async run({ core, output, process }, [name], options: { force?: boolean; yes?: boolean }) {
      const domain = domainArgument(name)
      const found = await core.directory.domains.get(domain)
      if (found === undefined) throw new CommandFailure(`no domain ${name}`)
      const { accounts, aliases } = found
      const isEmpty = accounts + aliases === 0
      if (options.force && !isEmpty) {
        await confirm(process, `${name} with ${await addressesOf(found, core)}`, options)
      }
      let messages = options.force ? await emptyAccounts(core, domain) : 0
      const removed = await core.directory.domains.remove(domain, { force: options.force === true })
      switch (removed.kind) {
        case 'no-such-domain':
          throw new CommandFailure(`no domain ${name}`)
        case 'not-empty':
          throw new CommandFailure(
            `domain ${name} still has addresses (accounts: ${removed.accounts}, aliases: ${removed.aliases}); --force removes them and their mail`,
          )
        case 'ok': {
          // Mail that arrived between the two steps.
          for (const accountId of removed.accounts) messages += await core.mailbox.remove(accountId)
          const gone = { accounts: removed.accounts.length, aliases, messages }
          output.print({ removed: domain, ...(isEmpty ? {} : gone) }, () => [
            isEmpty
              ? `domain ${domain} removed`
              : `domain ${domain} removed with ${counted(gone.accounts, 'account')}, ${counted(aliases, 'alias', 'aliases')} and ${counted(messages, 'message')}`,
          ])
        }
      }
    },
  })

  domainImportCommand(domain, define)
}

/** RFC 5321 §4.5.1 wants one in every domain. */
async function postmasterOf(name: string, { core }: Context): Promise<readonly string[]> {
  const domain = domainArgument(name)
  const { accounts, elsewhere } = await routeOf(core, [{ local: 'postmaster', domain }])
  const to = [...accounts, ...elsewhere].join(' ')
  if (to !== '') return [`Mail to postmaster@${name} goes to ${to}.`]
  return (await hasAccounts(core))
    ? [`Mail to postmaster@${domain} ${noPostmaster}.`]
    : [`Mail to postmaster@${name} is refused until there is an account: the first one gets it.`]
}

/** What is in it, for the question. */
async function addressesOf(found: DomainRecord, core: Core): Promise<string> {
  let messages = 0
  let bytes = 0
  for await (const { id } of core.directory.accounts.list(found.domain)) {
    const used = await core.mailbox.usage(id)
    messages += used.messages
    bytes += used.bytes
  }
  return `${counted(found.accounts, 'account')}, ${counted(found.aliases, 'alias', 'aliases')} and ${counted(messages, 'message')} (${formatBytes(bytes)})`
}

async function emptyAccounts(core: Core, domain: Domain): Promise<number> {
  let messages = 0
  for await (const account of core.directory.accounts.list(domain)) {
    messages += await core.mailbox.empty(account.id)
  }
  return messages
}

const shown = (found: {
  readonly domain: Domain
  readonly accounts: number
  readonly aliases: number
  readonly createdMs: number
}) => ({
  domain: found.domain,
  accounts: found.accounts,
  aliases: found.aliases,
  created: formatTime(found.createdMs),
})
