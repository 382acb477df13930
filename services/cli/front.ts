import type { Command } from 'commander'
import type {
  AddSource,
  DomainFrontShown,
  FrontSet,
  SourceFacts,
} from '#shared/administration/front.ts'
import type { AtSource } from '#shared/contracts/source.ts'
import type { Context } from './context.ts'
import { oneLine } from './credentials.ts'
import type { Define } from './define.ts'
import { readAll } from './listing.ts'
import { columns, counted, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke front …`: clients come here already, and accounts are still on an old server. */
export function frontCommands(parent: Command, define: Define): void {
  const front = parent
    .command('front')
    .description('accounts on an old server whose clients come here already')
  sourceCommands(front, define)

  define(front.command('show <who>'), {
    about: 'show on which old server an account is, or those of a domain who have none here',
    async run({ administration, output }, [who]) {
      if (isDomain(who)) {
        const shown = await administration.front.showDomain(who)
        if (shown.kind !== 'domain-front') throw refused(shown)
        output.print({ domain: shown.domain, at: shown.at }, () => [domainText(shown)])
        return
      }
      const shown = await administration.front.show(who)
      if (shown.kind !== 'front') throw refused(shown)
      output.print({ address: shown.address, at: shown.at }, () => [
        `${shown.address} is ${placeText(shown.at)}`,
      ])
    },
  })

  define(front.command('set <who> <source>'), {
    about: 'pass on to an old server what clients of an account, or of all of a domain, want',
    async run(context, [who, source = '']) {
      const { front } = context.administration
      const set = isDomain(who) ? await front.setDomain({ domain: who, source }) : undefined
      const accounts = await forEach(context, who, (address) =>
        front.set({ address, source, state: 'at-source' }),
      )
      print(context, who, accounts, set)
    },
  })

  define(front.command('hold <who>'), {
    about: 'let nobody in and keep its mail waiting, so that the last of its mail can be fetched',
    async run(context, [who]) {
      const { front } = context.administration
      const accounts = await forEach(context, who, async (address) => {
        const shown = await front.show(address)
        // What is here already has nothing to be waited for.
        if (shown.kind !== 'front' || shown.at === null) return asSet(shown)
        return await front.set({ address, state: 'moving' })
      })
      print(context, who, accounts)
    },
  })

  define(front.command('end <who>'), {
    about: 'the account, or all of a domain, is here from now on; what waited for it goes at once',
    async run(context, [who]) {
      const { front } = context.administration
      const accounts = await forEach(context, who, async (address) => {
        const shown = await front.show(address)
        if (shown.kind !== 'front' || shown.at === null) return asSet(shown)
        return await front.end({ address, flushes: !isDomain(who) })
      })
      print(context, who, accounts, isDomain(who) ? await front.endDomain(who) : undefined)
    },
  })
}

type Shown = Awaited<ReturnType<Context['administration']['front']['show']>>
type Done = Awaited<ReturnType<Context['administration']['front']['set']>>
type DomainDone = Awaited<ReturnType<Context['administration']['front']['setDomain']>>

const asSet = (shown: Shown): Done =>
  shown.kind === 'front' ? { ...shown, before: shown.at, unusable: [], flushed: 0 } : shown

const isDomain = (who: string) => !who.includes('@')

async function forEach(
  { administration }: Context,
  who: string,
  act: (address: string) => Promise<Done>,
): Promise<readonly FrontSet[]> {
  const addresses = isDomain(who)
    ? (await readAll((after) => administration.accounts.page({ domain: who, after }))).map(
        ({ address }) => address,
      )
    : [who]
  const done: FrontSet[] = []
  for (const address of addresses) {
    const set = await act(address)
    if (set.kind !== 'front') throw refused(set)
    done.push(set)
  }
  return done
}

function print(
  { output }: Context,
  who: string,
  done: readonly FrontSet[],
  domain?: DomainDone,
): void {
  if (domain !== undefined && domain.kind !== 'domain-front') throw refused(domain)
  const all = [...done, ...(domain ? [domain] : [])]
  const unusable = [...new Set(all.flatMap((one) => one.unusable))]
  const flushed = all.reduce((sum, one) => sum + one.flushed, 0)
  const accounts = done.map(({ address, at, before }) => ({ address, at, before }))
  const ofDomain = domain && {
    domain: { domain: domain.domain, at: domain.at, before: domain.before },
  }
  output.print({ accounts, ...ofDomain, unusable, flushed }, () => [
    ...(isDomain(who)
      ? [
          `${counted(done.length, 'account')} of ${who}: ${[...new Set(done.map(({ at }) => placeText(at)))].join(', ') || 'none'}`,
        ]
      : done.map(({ address, at }) => `${address} is ${placeText(at)}`)),
    ...(domain ? [domainText(domain)] : []),
    ...(flushed === 0 ? [] : [`${counted(flushed, 'message')} that waited go now`]),
    ...(unusable.length === 0
      ? []
      : [
          `that server wants the password itself: clients that log in by ${unusable.join(' or ')} are not let in; leave these out of authMechanisms for now`,
        ]),
  ])
}

const domainText = ({ domain, at }: DomainFrontShown): string =>
  at === null
    ? `who has no account of ${domain} here is unknown`
    : `who has no account of ${domain} here is ${placeText(at)}, and so is first whoever is added`

function placeText(at: AtSource | null): string {
  if (at === null) return 'here'
  return at.state === 'at-source' ? `at ${at.name}` : `moving from ${at.name}: nobody is let in`
}

type AddOptions = Omit<AddSource, 'name' | 'masterPassword'> & {
  readonly localPart?: boolean
  readonly masterPasswordStdin?: boolean
}

function sourceCommands(front: Command, define: Define): void {
  const source = front.command('source').description('old servers that accounts move from')

  define(source.command('list'), {
    about: 'list them',
    async run({ administration, output }) {
      const { sources } = await administration.front.listSources()
      output.print(sources.map(shownSource), (width) =>
        columns(
          ['NAME', 'ACCOUNTS', 'DOMAINS', 'LOGIN', 'PLACES'],
          sources.map(({ name, accounts, domains, masterUser, endpoints, smtp }) => [
            name,
            String(accounts),
            String(domains),
            masterUser === null ? 'own password' : `as ${masterUser}`,
            [...Object.values(endpoints), ...(smtp === null ? [] : [`smtp ${smtp}`])].join(' '),
          ]),
          width,
        ),
      )
    },
  })

  define<AddOptions>(source.command('add <name>'), {
    about: 'add an old server: where its services listen, and how logins are made there',
    options: (command) =>
      command
        .option('--imap <place>', 'imaps://old.example.com, or imap://… with STARTTLS')
        .option('--pop3 <place>', 'pop3s://old.example.com, or pop3://…')
        .option('--managesieve <place>', 'sieve://old.example.com')
        .option(
          '--submission <place>',
          'submission://… or submissions://…: logins are checked there',
        )
        .option('--smtp <hop>', '[old.example.com]:25; without it mail for its accounts waits')
        .option('--local-part', 'its accounts are called by what stands before the @')
        .option('--master-user <name>', 'log in as <account>*<name>; passwords are checked here')
        .option('--master-separator <text>', 'in place of the *')
        .option('--master-password-stdin', 'read the password of the master user (one line)'),
    async run({ administration, output, process }, [name], options) {
      const { localPart, masterPasswordStdin, imap, pop3, managesieve, submission } = options
      const { smtp, masterUser, masterSeparator } = options
      const added = await administration.front.addSource({
        ...{ name, imap, pop3, managesieve, submission, smtp, masterUser, masterSeparator },
        ...(localPart && { names: 'local-part' }),
        ...(masterPasswordStdin && {
          masterPassword: oneLine(await process.readStdin('password: '))?.toString('utf8') ?? '',
        }),
      })
      if (added.kind !== 'added') {
        throw refused(added, {
          ...{ imap: '--imap', pop3: '--pop3', managesieve: '--managesieve', smtp: '--smtp' },
          ...{ submission: '--submission', masterUser: '--master-user' },
          ...{ masterPassword: '--master-password-stdin' },
        })
      }
      output.print({ name: added.name }, () => [`source ${added.name} added`])
    },
  })

  define(source.command('remove <name>'), {
    about: 'remove one that no account and no domain is on any more',
    async run({ administration, output }, [name]) {
      const removed = await administration.front.removeSource(name)
      if (removed.kind !== 'removed') throw refused(removed)
      output.print({ name: removed.name }, () => [`source ${removed.name} removed`])
    },
  })
}

const shownSource = ({ createdMs, ...facts }: SourceFacts) => ({
  ...facts,
  created: formatTime(createdMs),
})
