// `postwolke trace`: what became of a message. A queue id tells its story; an address, a client or a Message-ID tells that of the only
// message there is, or lists them.

import type { Command } from 'commander'
import { printableJson } from '#shared/runtime/printable.ts'
import { duration } from '#shared/settings/kinds.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { formatTime } from './output.ts'
import { traceLines } from './trace-json.ts'
import { listText, storyText } from './trace-text.ts'

const DAY_MS = 86_400_000
const sinceKind = duration({ min: 0, max: 400 * DAY_MS })
const SINCE = '2d'

export function traceCommand(parent: Command, define: Define): void {
  define(parent.command('trace <what>'), {
    about:
      'tell the story of a message: by queue id, Message-ID, address of a sender or recipient, or IP address of a client; also of mail that was refused',
    options: (command) =>
      command.option('--since <time>', 'how far back to look: 30m, 4h, 7d', SINCE),
    async run(
      { backend, output, process },
      [what],
      { since, json }: { readonly since: string; readonly json?: boolean },
    ) {
      const spanMs = sinceKind.parse(since)
      if (spanMs === undefined) {
        throw new CommandFailure(`--since: '${since}' is not ${sinceKind.allowed}`)
      }
      const { trace } = await import('#services/assembly/trace.ts')
      const nowMs = backend.clock.now()
      const traced = await trace(backend, what, { sinceMs: nowMs - spanMs })
      const { traceRetention, hostname } = backend.settings
      if (traced.kind === 'none') {
        throw new CommandFailure(
          traceRetention === 0
            ? `nothing is known of '${what}'; traceRetention is 0`
            : `nothing is known of '${what}' since ${formatTime(nowMs - spanMs)}; look further back with --since`,
        )
      }
      if (json) {
        for (const line of traceLines(traced)) {
          process.write(`${printableJson(JSON.stringify(line))}\n`)
        }
        return
      }
      const facts = { nowMs, hostname, width: process.columns }
      const lines = traced.kind === 'one' ? storyText(traced, facts) : listText(traced, facts)
      output.print(undefined, () => lines)
    },
  })
}
