import type { Command } from 'commander'
import type { HeldLoginFacts } from '#shared/administration/held-logins.ts'
import type { Define } from './define.ts'
import { readAll } from './listing.ts'
import { columns, counted, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke held-login …`: who is kept waiting because too many logins failed. */
export function heldLoginCommands(parent: Command, define: Define): void {
  const group = parent.command('held-login').description('logins that wait because too many failed')

  define(group.command('list [who]'), {
    about: 'show who is held back now: everybody, or of one account, IP address or network',
    async run({ administration, output }, [who]) {
      const all = await readAll((after) => administration.heldLogins.list({ ...meant(who), after }))
      output.print(all.map(shown), (width) =>
        columns(
          ['ACCOUNT', 'NETWORK', 'FAILED', 'ALLOWED', 'UNTIL'],
          all.map((one) => [
            one.account ?? 'any',
            one.network ?? 'any it has not logged in from',
            `${one.failures}`,
            `${one.limit}`,
            formatTime(one.untilMs),
          ]),
          width,
        ),
      )
    },
  })

  define(group.command('release <who>'), {
    about: 'let an account, or whoever comes from an IP address or network, try again at once',
    async run({ administration, output }, [who]) {
      const done = await administration.heldLogins.release(meant(who))
      if (done.kind !== 'released') throw refused(done)
      const { released } = done
      output.print({ released: released.map(shown) }, () => [
        released.length === 0
          ? `nothing held ${who} back`
          : `${who} may try again: ${counted(released.length, 'entry', 'entries')} forgotten`,
      ])
    },
  })
}

/** An account has an @, and nothing else has. */
const meant = (who: string) =>
  who === '' ? {} : who.includes('@') ? { account: who } : { client: who }

const shown = ({ untilMs, ...one }: HeldLoginFacts) => ({ ...one, until: formatTime(untilMs) })
