import type { Command } from 'commander'
import type { DeviceFacts } from '#shared/administration/logins.ts'
import type { Define } from './define.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke account logins`: where an account logged in lately. */
export function loginsCommand(account: Command, define: Define): void {
  define(account.command('logins <address>'), {
    about: 'show where an account logged in lately, and with what',
    options: (command) =>
      command.option('--end', 'end all its sessions; programs that know its password come back'),
    async run({ administration, output }, [address], { end = false }: { end?: boolean }) {
      if (end) {
        const ended = await administration.logins.endAll(address)
        if (ended.kind !== 'logins-ended') throw refused(ended)
        output.print({ address: ended.address }, () => [`all sessions of ${ended.address} end`])
        return
      }
      const found = await administration.logins.list(address)
      if (found.kind !== 'logins') throw refused(found)
      output.print(found.devices.map(shown), () =>
        columns(
          ['LAST', 'PROTOCOL', 'NETWORK', 'PROGRAM', 'BY'],
          found.devices.map((one) => [
            formatTime(one.lastMs),
            one.service,
            one.network,
            one.client ?? '-',
            formatMeans(one),
          ]),
        ),
      )
    },
  })
}

const shown = ({ lastMs, ...one }: DeviceFacts) => ({ ...one, last: formatTime(lastMs) })

function formatMeans({ means, appPassword }: DeviceFacts): string {
  if (means === 'password' || means === 'token') return means
  return appPassword === null ? 'an app password that was revoked' : `app password '${appPassword}'`
}
