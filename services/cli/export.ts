// `postwolke export …`: mail of accounts here, written out for other systems. Each form is loaded when it is asked for.

import type { Command } from 'commander'
import type { Define } from './define.ts'
import {
  type ExportCommandOptions,
  withExportOptions,
  type ZipOptions,
} from './export-to/export-options.ts'

export function exportCommands(parent: Command, define: Define): void {
  const group = parent
    .command('export')
    .description('write mail of accounts here out for other systems')
  define<ExportCommandOptions>(group.command('maildir'), {
    about:
      'as a Maildir that Dovecot reads with uids, flags, dates and scripts; again and again into the same folder',
    options: (command) =>
      withExportOptions(command).option(
        '--verify',
        'write nothing: compare every message with what was written',
      ),
    async run(context, _names, options) {
      const { writeMaildir } = await import('./export-to/maildir.ts')
      await writeMaildir(context, options)
    },
  })
  define<ExportCommandOptions>(group.command('mbox'), {
    about: 'as mboxes, a file for each folder, which programs of Unix and Thunderbird read',
    options: withExportOptions,
    async run(context, _names, options) {
      const { writeMbox } = await import('./export-to/mbox.ts')
      await writeMbox(context, options)
    },
  })
  define<ZipOptions>(group.command('zip'), {
    about: 'as one zip file with a Maildir in it, or mboxes',
    options: (command) =>
      withExportOptions(command).option('--mbox', 'mboxes in it, and no Maildir'),
    async run(context, _names, options) {
      const { writeZip } = await import('./export-to/zip.ts')
      await writeZip(context, options)
    },
  })
}
