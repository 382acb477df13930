// `postwolke import workmail-export`: the mail of one mailbox that WorkMail exported, from a file or from a bucket.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import type { ByteRanges } from '#shared/moving/workmail/export/byte-ranges.ts'
import type { ExportLog } from '#shared/moving/workmail/export/export-log.ts'
import type { Process } from '../command-context.ts'
import type { Define } from '../define.ts'
import { CommandFailure } from '../failure.ts'
import { loadAws } from './load-aws.ts'
import { type MailOptions, withMailOptions } from './mail-options.ts'
import type { Keeping } from './mail-run.ts'
import { awsOptions } from './workmail-organization.ts'

type Options = MailOptions & ExportOptions & { readonly account: string; readonly keep?: string }

export type ExportOptions = {
  readonly account?: string
  readonly region?: string
  readonly log?: string
}

export function importWorkMailExportCommand(group: Command, define: Define): void {
  define<Options>(group.command('workmail-export <archive>'), {
    about:
      'bring the mail of one exported mailbox of Amazon WorkMail, a file or s3://bucket/key; later exports bring what is new',
    options: (command) =>
      withMailOptions(command)
        .requiredOption('--account <address>', 'whose it becomes')
        .option('--region <region>', 'of the bucket')
        .option('--log <file>', 'of the export job, where it does not lie in the archive')
        .option(
          '--keep <dir>',
          'write what is no mail (calendars, contacts) there as files, a folder for the account',
        ),
    async run(context, [archive], options) {
      const { account, keep } = options
      if (keep !== undefined && options.verify) {
        throw new CommandFailure('--verify compares mail, and --keep has no place', 'usage')
      }
      const open = () => openExportAt(archive, options, context.process)
      const keeping = keep === undefined ? undefined : await keepingIn(resolve(keep), options)
      const { bringMail } = await import('./mail-run.ts')
      await bringMail(context, [{ account, open }], options, keeping)
    },
  })
}

export async function openExportAt(
  archive: string,
  options: ExportOptions,
  process: Process,
): Promise<MailSource> {
  const [{ openExport }, log] = await Promise.all([
    import('#shared/moving/workmail/export/export-source.ts'),
    options.log === undefined ? undefined : readLog(options.log),
  ])
  const ranges = await rangesOf(archive, options, process)
  return await openExport(ranges, { mailbox: options.account?.toLowerCase() ?? '', log })
}

/** Before anything is read, which takes hours. */
async function keepingIn(directory: string, { dryRun = false }: Options): Promise<Keeping> {
  if (dryRun && !existsSync(directory)) {
    const none = async () => undefined
    return { directory, target: { list: async () => new Map(), makeFolder: none, write: none } }
  }
  const { openFolderTarget } = await import('#shared/moving/export/folder-target.ts')
  const target = await openFolderTarget(directory).catch((error: Error) => {
    throw new CommandFailure(`cannot keep anything there: ${error.message}`, 'exists')
  })
  return { directory, target }
}

async function rangesOf(
  archive: string,
  { region }: ExportOptions,
  process: Process,
): Promise<ByteRanges> {
  if (archive.startsWith('s3://')) {
    const { openS3Ranges, parseS3Url } = await loadAws(
      () => import('#services/aws/workmail/s3-ranges.ts'),
    )
    const place = parseS3Url(archive)
    if (place === undefined) throw new CommandFailure('a bucket is s3://bucket/key', 'usage')
    if (region === undefined) throw new CommandFailure('give --region for a bucket', 'usage')
    const { environment } = process
    return await openS3Ranges(place, { region, environment, ...awsOptions(process, 'S3') })
  }
  const { openFileRanges } = await import('#shared/moving/workmail/export/byte-ranges.ts')
  return await openFileRanges(resolve(archive)).catch((error: Error) => {
    throw new CommandFailure(`cannot read the archive: ${error.message}`, 'noInput')
  })
}

/** A page of numbers. */
const LOG_BYTES_MAX = 1024 ** 2

async function readLog(file: string): Promise<ExportLog> {
  const { parseExportLog } = await import('#shared/moving/workmail/export/export-log.ts')
  const bytes = await readFile(file).catch((error: Error) => {
    throw new CommandFailure(`cannot read the log: ${error.message}`, 'noInput')
  })
  const log = bytes.length > LOG_BYTES_MAX ? undefined : parseExportLog(bytes.toString('utf8'))
  if (log === undefined) throw new CommandFailure('the log has no totalMessages', 'data')
  return log
}
