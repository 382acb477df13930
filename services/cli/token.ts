import type { Command } from 'commander'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { allRights } from '#shared/administration/rights/rights.ts'
import type { TokenFacts } from '#shared/administration/tokens.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

type AddOptions = {
  readonly name: string
  readonly scope?: readonly string[]
  readonly expires?: string
}

/** Read at a time. */
const PAGE_ENTRIES = 200

/** `postwolke token …`: what programs show the API in place of a password. */
export function tokenCommands(parent: Command, define: Define): void {
  const token = parent.command('token').description('what programs show the API')

  define(token.command('list'), {
    about: 'list the tokens of all accounts',
    async run({ administration, output }) {
      const all: TokenFacts[] = []
      let after: string | undefined
      do {
        const page = await administration.tokens.page({ after, limit: PAGE_ENTRIES })
        all.push(...page.items)
        after = page.next
      } while (after !== undefined)
      output.print(all.map(shown), (width) =>
        columns(
          ['ID', 'ACCOUNT', 'NAME', 'EXPIRES', 'LAST USED'],
          all.map((one) => [
            one.id,
            one.address ?? '-',
            one.name,
            one.hasExpired ? 'is over' : formatTime(one.expiresMs),
            one.usedMs === null ? '-' : `${formatTime(one.usedMs)} ${one.usedFrom ?? ''}`,
          ]),
          width,
        ),
      )
    },
  })

  define<AddOptions>(token.command('add <address>'), {
    about: "make a token for an account (on a server: one's own); it is shown this once",
    options: (command) =>
      command
        .requiredOption('--name <text>', 'which program has it')
        .option('--scope <rights...>', 'rights that it is limited to (default: all of its account)')
        .option('--expires <time>', 'how long it is good for (default: 90d)'),
    async run(context, [address], { name, scope, expires }) {
      const actor = await actorOf(context, address)
      const scopes = scope ?? allRights
      const made = await context.administration.tokens.make({ actor, name, scopes, expires })
      if (made.kind !== 'made') throw refused(made, { scopes: '--scope' })
      const { token: facts, text } = made
      context.output.print({ ...shown(facts), token: text }, () => [
        text,
        '',
        `of ${facts.address ?? address} until ${formatTime(facts.expiresMs)}; it is not shown again`,
      ])
    },
  })

  define(token.command('revoke <id>'), {
    about: 'end a token at once',
    async run({ administration, output }, [id]) {
      const revoked = await administration.tokens.revoke(id)
      if (revoked.kind !== 'revoked') throw refused(revoked)
      output.print({ revoked: id }, () => [`token ${id} revoked`])
    },
  })
}

/** The account itself, as it would ask. */
async function actorOf({ administration }: Context, address: string): Promise<Actor> {
  const shown = await administration.accounts.show(address)
  if (shown.kind !== 'account') throw refused(shown)
  const { id: accountId, address: name } = shown.account
  const { holders } = await administration.roles.list()
  const holder = holders.find((one) => one.id === accountId)
  const { role, domains } = holder ?? ({ role: 'holder', domains: [] } as const)
  return { accountId, name, role, domains, scopes: null, via: 'local', steppedUpMs: null }
}

const shown = ({ createdMs, expiresMs, usedMs, ...one }: TokenFacts) => ({
  ...{ id: one.id, address: one.address, name: one.name, scopes: one.scopes },
  created: formatTime(createdMs),
  expires: formatTime(expiresMs),
  hasExpired: one.hasExpired,
  used: usedMs === null ? null : formatTime(usedMs),
  usedFrom: one.usedFrom,
})
