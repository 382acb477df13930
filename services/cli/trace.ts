// `postwolke trace`: what became of a message. A queue id tells its story; an address, a client or a Message-ID tells that of the only
// message there is, or lists them.

import type { Command } from 'commander'
import { systemClock } from '#shared/runtime/clock.ts'
import { printableJson } from '#shared/runtime/printable.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { formatTime } from './output.ts'
import { refused } from './refusal-text.ts'

const SINCE = '2d'

export function traceCommand(parent: Command, define: Define): void {
  define(parent.command('trace <what>'), {
    about:
      'tell the story of a message: by queue id, Message-ID, address of a sender or recipient, or IP address of a client; also of mail that was refused',
    options: (command) =>
      command.option('--since <time>', 'how far back to look: 30m, 4h, 7d', SINCE),
    async run(
      { administration, settings, output, process },
      [what],
      { since, json }: { readonly since: string; readonly json?: boolean },
    ) {
      const traced = await administration.trace.find({ what, since })
      if (traced.kind === 'bad-value') throw refused(traced, { since: '--since' })
      const { traceRetention, hostname } = settings
      if (traced.kind === 'none') {
        throw new CommandFailure(
          traceRetention === 0
            ? `nothing is known of '${what}'; traceRetention is 0`
            : `nothing is known of '${what}' since ${formatTime(traced.sinceMs)}; look further back with --since`,
          'noUser',
        )
      }
      if (json) {
        const { traceLines } = await import('./trace-json.ts')
        for (const line of traceLines(traced)) {
          process.write(`${printableJson(JSON.stringify(line))}\n`)
        }
        return
      }
      const { listText, storyText } = await import('./trace-text.ts')
      const facts = { nowMs: systemClock.now(), hostname, width: process.columns }
      const lines = traced.kind === 'one' ? storyText(traced, facts) : listText(traced, facts)
      output.print(undefined, () => lines)
    },
  })
}
