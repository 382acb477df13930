// `postwolke account contain|release|invite|sessions`: an account that somebody else has taken over, and one whose owner cannot get in.

import type { Command } from 'commander'
import { confirmDeed, yesOption } from './confirm.ts'
import { consoleOf } from './console-address.ts'
import type { Common } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { linkUrl } from './link-url.ts'
import { columns, counted, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'
import type { SessionShown } from './services.ts'

export function accountSafetyCommands(account: Command, define: Define): void {
  containCommands(account, define)
  sessionsCommand(account, define)

  define<Common>(account.command('invite <address>'), {
    about: 'print a link with which an account sets a new password, once, within 24 hours',
    async run(context, [address], options) {
      const { administration, output, by } = context
      const { invitations } = administration
      const made = await invitations.invite({ address, as: 'password', by })
      if (made.kind !== 'invited') throw refused(made)
      const url = linkUrl(await consoleOf(context, options), made.secret)
      const expires = formatTime(made.expiresMs)
      output.print({ address: made.address, url, expires }, () => [
        `for ${made.address}, to open once before ${expires}:`,
        `  ${url}`,
      ])
    },
  })
}

function containCommands(account: Command, define: Define): void {
  define<{ reason: string; barPassword?: boolean; yes?: boolean }>(
    account.command('contain <address>'),
    {
      about:
        'stop an account that somebody took over: freeze and hold its mail, end its logins, revoke its app passwords and tokens',
      options: (command) =>
        command
          .requiredOption('--reason <text>', 'why, for administrators; the account is not told')
          .option('--bar-password', 'its password logs nobody in either, until it has another')
          .option(...yesOption),
      async run({ administration, output, process }, [address], { reason, barPassword, yes }) {
        const question = `All programs and browsers of ${address} are signed out for good.`
        await confirmDeed(process, question, { yes })
        const done = await administration.containment.contain({ address, reason, barPassword })
        if (done.kind !== 'contained') throw refused(done)
        const { kind: _, forwardsLately, ...facts } = done
        const lately = forwardsLately.map(({ atMs, ...one }) => ({ at: formatTime(atMs), ...one }))
        output.print({ ...facts, forwardsLately: lately }, () => [
          `account ${facts.address} contained: ${counted(facts.held, 'message')} held, ${counted(facts.sessions, 'session')} ended, ${counted(facts.appPasswords, 'app password')} and ${counted(facts.tokens, 'token')} revoked`,
          ...(facts.recoveryAddress === null
            ? []
            : [`its recovery address was taken away: ${facts.recoveryAddress}`]),
          ...(facts.passkeys + facts.identities === 0
            ? []
            : [
                `${counted(facts.passkeys, 'passkey')} and ${counted(facts.identities, 'identity', 'identities')} at an issuer let nobody in until it is released: are they meant? 'postwolke account factors' shows them`,
              ]),
          ...(facts.forward === null
            ? []
            : [`its mail is sent on to ${facts.forward.to.join(' ')}: is that meant?`]),
          ...lately.map(
            ({ at, by, from, to }) =>
              `${at} ${by} changed where its mail goes: ${from?.join(' ') ?? 'here'} -> ${to?.join(' ') ?? 'here'}`,
          ),
        ])
      },
    },
  )

  define(account.command('release <address>'), {
    about: 'undo contain: it sends again, and what was held goes; what was revoked stays so',
    async run({ administration, output }, [address]) {
      const done = await administration.containment.release(address)
      if (done.kind !== 'released') throw refused(done)
      const { kind: _, ...facts } = done
      output.print(facts, () => [
        `account ${facts.address} ${facts.wasFrozen ? 'sends again' : 'was not frozen'}, ${counted(facts.released, 'message')} released; app passwords and tokens stay revoked`,
      ])
    },
  })
}

type SessionOptions = { readonly end?: string; readonly endAll?: boolean }

function sessionsCommand(account: Command, define: Define): void {
  define<SessionOptions>(account.command('sessions <address>'), {
    about: 'show where an account is signed in to console and API',
    options: (command) =>
      command.option('--end <id>', 'end this session').option('--end-all', 'end all of them'),
    async run({ services: { sessions }, output }, [address], { end, endAll }) {
      if (end !== undefined || endAll) {
        if (end !== undefined && endAll) {
          throw new CommandFailure('--end and --end-all exclude each other', 'usage')
        }
        const ended =
          end === undefined ? await sessions.endAll(address) : await sessions.end(address, end)
        if (ended.kind !== 'ended') throw refused(ended)
        output.print({ ended: ended.count }, () => [`${counted(ended.count, 'session')} ended`])
        return
      }
      const found = await sessions.list(address)
      if (found.kind !== 'sessions') throw refused(found)
      output.print(found.sessions.map(shownSession), (width) =>
        columns(
          ['ID', 'SINCE', 'LAST USED', 'FROM', 'PROGRAM'],
          found.sessions.map((one) => [
            one.id,
            formatTime(one.createdMs),
            formatTime(one.usedMs),
            one.address,
            one.client,
          ]),
          width,
        ),
      )
    },
  })
}

const shownSession = ({ createdMs, usedMs, expiresMs, ...one }: SessionShown) => ({
  ...{ id: one.id, methods: one.methods, address: one.address, client: one.client },
  ...{ since: formatTime(createdMs), used: formatTime(usedMs), expires: formatTime(expiresMs) },
})
