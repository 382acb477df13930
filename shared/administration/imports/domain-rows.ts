// `postwolke domain import`: a domain a line; what stands behind it, as in a virtual_mailbox_domains map, is not looked at.

import type { Command } from 'commander'
import type { Define } from '#services/cli/define.ts'
import { CommandFailure } from '#services/cli/failure.ts'
import { domainArgument } from '#shared/administration/fields.ts'
import { LineProblems, readLines, recordsOf } from '#shared/administration/imports/lines.ts'
import { runImport, type Wanted } from '#shared/administration/imports/plan.ts'
import type { Domain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'

type WantedDomain = Wanted & { readonly domain: Domain }

const ADDED_AT_ONCE = 16

export function domainImportCommand(domain: Command, define: Define): void {
  define(domain.command('import <file>'), {
    about: 'add the domains of a file (- for standard input), one a line',
    mayCreate: true,
    options: (command) => command.option('--dry-run', 'only check the file'),
    async run(context, [file], options: { dryRun?: boolean }) {
      const { domains } = context.core.directory
      const problems = new LineProblems()
      const wanted: WantedDomain[] = []
      for (const record of recordsOf(
        await readLines(file, context.process),
        ['domain'],
        problems,
      )) {
        const text =
          record.kind === 'fields' ? record.fields.domain : record.text.trim().split(/\s/)[0]
        try {
          const domain = domainArgument(text ?? '')
          wanted.push({ number: record.number, key: domain, domain })
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error
          problems.add(record.number, error.message)
        }
      }
      await runImport(wanted, problems, context, options, {
        one: 'domain',
        many: 'domains',
        standing: async ({ domain }) => ((await domains.get(domain)) ? 'same' : 'missing'),
        add: (some) =>
          concurrently(some, ADDED_AT_ONCE, async ({ domain }) => {
            await domains.add(domain)
            return { kind: 'ok' }
          }),
        update: async () => ({ kind: 'ok' }),
      })
    },
  })
}
