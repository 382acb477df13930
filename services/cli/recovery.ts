import type { Command } from 'commander'
import type { Define } from './define.ts'
import { formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke account recovery …`: where an account is sent a link for a new password. */
export function recoveryCommands(account: Command, define: Define): void {
  const group = account
    .command('recovery')
    .description('where an account is sent a link for a new password')

  define(group.command('show <address>'), {
    about: 'show the recovery address of an account',
    async run({ administration, output }, [address]) {
      const found = await administration.recovery.show(address)
      if (found.kind !== 'recovery') throw refused(found)
      const { recoveryAddress, sinceMs, waitsUntilMs } = found
      const since = sinceMs === null ? null : formatTime(sinceMs)
      const waitsUntil = waitsUntilMs === null ? null : formatTime(waitsUntilMs)
      output.print({ address: found.address, recoveryAddress, since, waitsUntil }, () => [
        recoveryAddress === null
          ? `${found.address} has no recovery address`
          : `${recoveryAddress}, since ${since}`,
        ...(waitsUntil === null ? [] : [`another one can be confirmed until ${waitsUntil}`]),
      ])
    },
  })

  define(group.command('set <address> <recovery>'), {
    about: 'mail a link to an address elsewhere; once it is used, it is the recovery address',
    async run({ administration, output, by }, [address, recoveryAddress = '']) {
      const asked = await administration.recovery.ask({ address, recoveryAddress, by })
      if (asked.kind !== 'recovery-asked') throw refused(asked)
      const until = formatTime(asked.expiresMs)
      const facts = { address: asked.address, recoveryAddress: asked.recoveryAddress, until }
      output.print(facts, () => [
        `a link was sent to ${asked.recoveryAddress}; it counts once that is used, before ${until}`,
      ])
    },
  })

  define(group.command('remove <address>'), {
    about: 'send no link for a new password any more',
    async run({ administration, output }, [address]) {
      const removed = await administration.recovery.remove(address)
      if (removed.kind !== 'recovery-removed') throw refused(removed)
      const { kind: _, ...facts } = removed
      output.print(facts, () => [
        `${removed.recoveryAddress} is no recovery address of ${removed.address} any more`,
      ])
    },
  })
}
