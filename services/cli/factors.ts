import type { Command } from 'commander'
import { confirm, yesOption } from './confirm.ts'
import type { Define } from './define.ts'
import { columns, counted, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke account factors`: what an account proves itself with besides its password. */
export function factorsCommand(account: Command, define: Define): void {
  define(account.command('factors <address>'), {
    about: 'show the second factors of an account, or take them away from who has lost them',
    options: (command) => {
      command.option('--remove', 'all of them: the password alone signs in again')
      command.option(...yesOption)
    },
    async run({ administration, output, process }, [address], options: FactorOptions) {
      const { factors } = administration
      const found = await factors.show(address)
      if (found.kind !== 'factors') throw refused(found)
      if (options.remove) {
        await confirm(process, `all second factors of ${found.address}`, options)
        const removed = await factors.removeAll(address)
        if (removed.kind !== 'factors-removed') throw refused(removed)
        output.print({ address: removed.address, removed: removed.count }, () => [
          `${counted(removed.count, 'second factor')} of ${removed.address} removed`,
        ])
        return
      }
      const { totp, recoveryCodes, passkeys, identities } = found
      output.print({ totp, recoveryCodes, passkeys, identities }, () =>
        columns(
          ['FACTOR', 'NAME', 'SINCE', 'LAST USED'],
          [
            ...(totp === null ? [] : [['codes', '-', formatTime(totp.sinceMs), '-']]),
            ...passkeys.map(({ name, createdMs, lastUsedMs, isUsable }) => [
              isUsable ? 'passkey' : 'passkey of another domain',
              name,
              formatTime(createdMs),
              lastUsedMs === null ? '-' : formatTime(lastUsedMs),
            ]),
            ...(recoveryCodes === null
              ? []
              : [
                  [
                    'recovery codes',
                    `${recoveryCodes.left} left`,
                    formatTime(recoveryCodes.madeMs),
                    '-',
                  ],
                ]),
            ...identities.map(({ issuer, sinceMs }) => [
              'issuer',
              issuer,
              formatTime(sinceMs),
              '-',
            ]),
          ],
        ),
      )
    },
  })
}

type FactorOptions = { remove?: boolean; yes?: boolean }
