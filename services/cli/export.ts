// `postwolke export …`: mail of accounts here, written out for other systems. Each form is loaded when it is asked for.

import type { Command } from 'commander'
import type { Define } from './define.ts'
import {
  type AllOptions,
  type ExportCommandOptions,
  withExportOptions,
  withPlace,
  type ZipOptions,
} from './export-to/export-options.ts'

export function exportCommands(parent: Command, define: Define): void {
  const group = parent
    .command('export')
    .description('write mail of accounts here out for other systems')
  define<ExportCommandOptions>(group.command('maildir'), {
    about:
      'as a Maildir that Dovecot reads with uids, flags, dates and scripts; again and again into the same folder',
    options: withExportOptions,
    async run(context, _names, options) {
      const { writeFiles } = await import('./export-to/mail.ts')
      await writeFiles(context, options, 'maildir')
    },
  })
  define<ExportCommandOptions>(group.command('mbox'), {
    about: 'as mboxes, a file for each folder, which programs of Unix and Thunderbird read',
    options: withExportOptions,
    async run(context, _names, options) {
      const { writeFiles } = await import('./export-to/mail.ts')
      await writeFiles(context, options, 'mbox')
    },
  })
  define<ZipOptions>(group.command('zip'), {
    about: 'as one zip file with a Maildir in it, or mboxes',
    options: (command) =>
      withExportOptions(command).option('--mbox', 'mboxes in it, and no Maildir'),
    async run(context, _names, options) {
      const { writeZip } = await import('./export-to/mail.ts')
      await writeZip(context, options)
    },
  })
  define<AllOptions>(group.command('all'), {
    about:
      'everything: the directory, tables, scripts and settings as files, and the mail of each account as a Maildir',
    options: (command) =>
      withPlace(command)
        .option(
          '--with-secrets',
          'hashes of passwords, app passwords, keys that sign; else nobody logs in with what is written',
        )
        .option('--domain <domain>', 'mail of this domain only')
        .option('--parallel <n>', 'mailboxes at the same time, up to 32 (default: 4)')
        .option('--verify', 'write nothing: compare every message with what was written'),
    async run(context, _names, options) {
      const { writeAll } = await import('./export-to/all.ts')
      await writeAll(context, options)
    },
  })
}
