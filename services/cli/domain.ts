import type { Command } from 'commander'
import type { DomainFacts, DomainMeasured } from '#shared/administration/domains.ts'
import type { Postmaster } from '#shared/administration/postmaster.ts'
import { displayDomain } from '#shared/mail/domain.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { confirm, yesOption } from './confirm.ts'
import type { Define } from './define.ts'
import { domainDnsCommand } from './domain-dns.ts'
import { importCommand } from './import.ts'
import { readAll } from './listing.ts'
import { columns, counted, formatBytes, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'
import { noPostmaster } from './warning-text.ts'

/** `postwolke domain …`: the domains this system receives mail for. */
export function domainCommands(parent: Command, define: Define): void {
  const domain = parent.command('domain').description('domains this system receives mail for')

  define.quick(domain.command('add <domain>'), ['domains'], {
    about: 'add a domain',
    mayCreate: true,
    options: (command) => command.option('--postmaster <address>', 'where mail to postmaster goes'),
    async run({ administration, output }, [name], { postmaster }: { postmaster?: string }) {
      const added = await administration.domains.add({ domain: name, postmaster })
      if (added.kind !== 'added') throw refused(added)
      output.print(shown(added.domain), () => [
        `domain ${added.domain.domain} added`,
        ...(postmaster === undefined ? [postmasterLine(name, added)] : []),
        `'postwolke domain dns ${name}' shows what to publish in the DNS.`,
      ])
    },
  })

  define.quick(domain.command('list'), ['domains'], {
    about: 'list the domains',
    async run({ administration, output }) {
      const domains = await readAll((after) => administration.domains.page({ after }))
      output.print(domains.map(shown), (width) =>
        columns(
          ['DOMAIN', 'ACCOUNTS', 'ALIASES'],
          domains.map((found) => [
            displayDomain(found.domain),
            String(found.accounts),
            String(found.aliases),
          ]),
          width,
        ),
      )
    },
  })

  define.quick(domain.command('show <domain>'), ['domains'], {
    about: 'show a domain with its addresses',
    async run({ administration, output }, [name]) {
      const found = await administration.domains.show(name)
      if (found.kind !== 'domain') throw refused(found)
      const addresses = await Array.fromAsync(found.accounts)
      const aliasNames = await Array.fromAsync(found.aliases)
      output.print({ ...shown(found.domain), addresses, aliasNames }, () => [
        `domain    ${displayDomain(found.domain.domain)}`,
        `created   ${formatTime(found.domain.createdMs)}`,
        `accounts  ${addresses.join(' ') || 'none'}`,
        `aliases   ${aliasNames.join(' ') || 'none'}`,
        limitsLine(found.domain),
      ])
    },
  })

  define.quick(domain.command('remove <domain>'), ['domains'], {
    about: 'remove a domain',
    options: (command) =>
      command
        .option('--force', 'remove its accounts, their mail and its aliases too')
        .option(...yesOption),
    async run(context, [name], options: { force?: boolean; yes?: boolean }) {
      const { administration, output, process } = context
      const { force = false } = options
      if (force) {
        const measured = await administration.domains.measure(name)
        if (measured.kind !== 'measured') throw refused(measured)
        if (!isEmpty(measured.domain)) {
          await confirm(process, `${name} with ${contents(measured)}`, options)
        }
      }
      const removed = await administration.domains.remove({ domain: name, force })
      if (removed.kind !== 'removed') throw refused(removed)
      const { domain, kind: _, ...gone } = removed
      const what = `${counted(gone.accounts, 'account')}, ${aliasCount(gone)} and ${counted(gone.messages, 'message')}`
      output.print({ removed: domain, ...(isEmpty(gone) ? {} : gone) }, () => [
        `domain ${domain} removed${isEmpty(gone) ? '' : ` with ${what}`}`,
      ])
    },
  })

  define(domain.command('limit <domain>'), {
    about: 'limit how much a domain may have, for whoever administers it',
    options: (command) => {
      command.option('--accounts <number>', 'a number, or none')
      command.option('--aliases <number>', 'a number, or none')
      command.option('--quota <size>', 'of all accounts together: 500GB and the like, or none')
    },
    async run({ administration, output }, [name], options: LimitOptions) {
      const set = await administration.domains.limit({ domain: name, ...options })
      if (set.kind !== 'limited') throw refused(set)
      output.print(shown(set.domain), () => [limitsLine(set.domain)])
    },
  })

  domainDnsCommand(domain, define)

  importCommand(domain, define, {
    what: 'domains',
    about: 'add the domains of a file (- for standard input), one a line',
    mayCreate: true,
  })
}

type LimitOptions = { accounts?: string; aliases?: string; quota?: string }

function limitsLine({ limits: { accounts, aliases, quotaBytes } }: DomainFacts): string {
  const told = [
    ...(accounts === null ? [] : [counted(accounts, 'account')]),
    ...(aliases === null ? [] : [counted(aliases, 'alias', 'aliases')]),
    ...(quotaBytes === null ? [] : [`${formatBytes(quotaBytes)} of quotas in all`]),
  ]
  return `limits    ${told.join(', ') || 'none'}`
}

type Counts = { readonly accounts: number; readonly aliases: number }

const isEmpty = ({ accounts, aliases }: Counts) => accounts + aliases === 0
const aliasCount = ({ aliases }: Pick<Counts, 'aliases'>) => counted(aliases, 'alias', 'aliases')

/** What is in it, for the question. */
const contents = ({ domain, messages, bytes }: DomainMeasured) =>
  `${counted(domain.accounts, 'account')}, ${aliasCount(domain)} and ${counted(messages, 'message')} (${formatBytes(bytes)})`

function postmasterLine(
  name: string,
  { domain: { domain }, postmaster }: { domain: DomainFacts; postmaster: Postmaster },
): string {
  switch (postmaster.kind) {
    case 'found':
      return `Mail to postmaster@${name} goes to ${[...postmaster.accounts, ...postmaster.elsewhere].join(' ')}.`
    case 'nobody':
      return `Mail to postmaster@${domain} ${noPostmaster}.`
    case 'first-account':
      return `Mail to postmaster@${name} is refused until there is an account: the first one gets it.`
    default:
      return unreachable(postmaster)
  }
}

const shown = ({ domain, accounts, aliases, createdMs, limits }: DomainFacts) => ({
  domain,
  accounts,
  aliases,
  created: formatTime(createdMs),
  limits,
})
