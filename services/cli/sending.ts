import type { Command } from 'commander'
import type { SendingCount, SendingShown } from '#shared/administration/sending.ts'
import type { Define } from './define.ts'
import { columns, formatBytes, formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke account sending`: what an account has sent of what it may. */
export function sendingCommand(account: Command, define: Define): void {
  define<{ forget?: boolean }>(account.command('sending <address>'), {
    about: 'show how much an account has sent of what it may, and what is held against it',
    options: (command) =>
      command.option('--forget', 'let it begin anew; an account that is frozen stays so'),
    async run({ administration, output }, [address], { forget = false }) {
      if (forget) {
        const done = await administration.sending.forget(address)
        if (done.kind !== 'sending-forgotten') throw refused(done)
        output.print({ address: done.address }, () => [`${done.address} begins anew`])
        return
      }
      const found = await administration.sending.show(address)
      if (found.kind !== 'sending') throw refused(found)
      output.print(shown(found), (width) => [
        ...(found.frozen === null ? [] : [`it may not send: ${found.frozen}`]),
        ...columns(['WHAT', 'USED', 'LIMIT', 'WITHIN'], rowsOf(found), width),
      ])
    },
  })
}

function rowsOf({ day, rates, suspicion }: SendingShown): readonly (readonly string[])[] {
  const { windowMs, newDestinations, bounces, countries } = suspicion
  const suspected = (what: string, one: { readonly used: number; readonly limit: number }) =>
    row({ what, used: one.used, limit: one.limit, windowMs })
  const seen = countries.seen.map(({ country }) => country).join(' ')
  return [
    ...[...day, ...rates].map(row),
    suspected('new domains written to', newDestinations),
    suspected('recipients refused', bounces),
    suspected(`countries of logins${seen === '' ? '' : ` (${seen})`}`, countries),
  ]
}

function row({ what, used, limit, windowMs }: SendingCount): readonly string[] {
  const amount = (count: number) => (what === 'bytes' ? formatBytes(count) : String(count))
  return [what, amount(used), limit === 0 ? 'none' : amount(limit), within(windowMs)]
}

const HOUR_MS = 3_600_000

const within = (ms: number) =>
  ms >= HOUR_MS ? `${ms / HOUR_MS} h` : ms >= 60_000 ? `${ms / 60_000} min` : `${ms / 1_000} s`

function shown({ kind: _, suspicion, ...facts }: SendingShown) {
  const { countries } = suspicion
  const seen = countries.seen.map(({ country, lastMs }) => ({ country, last: formatTime(lastMs) }))
  return { ...facts, suspicion: { ...suspicion, countries: { ...countries, seen } } }
}
