// Options that all commands have which bring mail.

import type { Command } from 'commander'
import type { CopyOptions } from '#shared/moving/mailboxes/copy-mailbox.ts'
import type { SourceFolder } from '#shared/moving/mailboxes/source.ts'
import { CommandFailure } from '../failure.ts'

export type MailOptions = {
  readonly dryRun?: boolean
  readonly verify?: boolean
  readonly deletions?: string
  readonly folder?: readonly string[]
  readonly report?: string
  readonly parallel?: string
  readonly rights?: boolean
}

export const PARALLEL_MAX = 32
const PARALLEL = 4

export function withMailOptions(command: Command): Command {
  return command
    .option('--dry-run', 'read everything, write nothing, and say what would come')
    .option('--verify', 'bring nothing: compare every message with what was brought')
    .option(
      '--deletions <how>',
      'follow or keep what is gone at the source since the last time (default: follow)',
    )
    .option('--folder <names...>', 'only these folders, by their path at the source')
    .option(
      '--parallel <n>',
      `mailboxes at the same time, up to ${PARALLEL_MAX} (default: ${PARALLEL})`,
    )
    .option('--report <file>', 'write the whole report there, as JSON')
}

/** Of sources that know what others may do in folders. */
export const withRights = (command: Command): Command =>
  command.option(
    '--rights',
    'give accounts here the rights in folders that they have there (default: only list them)',
  )

export function copyOptions(options: MailOptions, signal: AbortSignal | undefined): CopyOptions {
  const { dryRun = false, deletions = 'follow', rights } = options
  if (deletions !== 'follow' && deletions !== 'keep') {
    throw new CommandFailure('--deletions is follow or keep', 'usage')
  }
  return { dryRun, deletions, rights, signal, isWanted: wantedFolders(options) }
}

export function wantedFolders({
  folder,
}: MailOptions): ((folder: SourceFolder) => boolean) | undefined {
  return folder && (({ names }) => folder.includes(names.join('/')))
}

export function parallelOf({ parallel }: MailOptions): number {
  const value = Number(parallel ?? PARALLEL)
  if (Number.isInteger(value) && value >= 1 && value <= PARALLEL_MAX) return value
  throw new CommandFailure(`--parallel is a number from 1 to ${PARALLEL_MAX}`, 'usage')
}
