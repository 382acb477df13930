import type { Command } from 'commander'
import type { DeviceFacts } from '#shared/administration/logins.ts'
import type { Define } from './define.ts'
import { columns, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

type Options = { readonly end?: boolean; readonly endSession?: string }

/** `postwolke account logins`: where an account logged in lately. */
export function loginsCommand(account: Command, define: Define): void {
  define(account.command('logins <address>'), {
    about: 'show where an account logged in lately, and with what',
    options: (command) =>
      command
        .option('--end', 'end all its sessions; programs that know its password come back')
        .option('--end-session <id>', 'end this one, on a server that knows it'),
    async run({ administration, output }, [address], { end = false, endSession }: Options) {
      if (endSession !== undefined) {
        const ended = await administration.logins.end({ address, session: endSession })
        if (ended.kind !== 'session-ended') throw refused(ended)
        output.print({ address: ended.address }, () => [`session ${endSession} ends`])
        return
      }
      if (end) {
        const ended = await administration.logins.endAll(address)
        if (ended.kind !== 'logins-ended') throw refused(ended)
        output.print({ address: ended.address }, () => [`all sessions of ${ended.address} end`])
        return
      }
      const found = await administration.logins.list(address)
      if (found.kind !== 'logins') throw refused(found)
      output.print(found.devices.map(shown), (width) =>
        columns(
          ['LAST', 'PROTOCOL', 'NETWORK', 'PROGRAM', 'BY'],
          found.devices.map((one) => [
            formatTime(one.lastMs),
            one.service,
            one.network,
            one.client ?? '-',
            formatMeans(one),
          ]),
          width,
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
