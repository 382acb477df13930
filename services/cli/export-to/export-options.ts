// Options that all commands have which write mail out.

import type { Command } from 'commander'
import { CommandFailure } from '../failure.ts'

export type ExportCommandOptions = {
  readonly account?: string
  readonly to?: string
  readonly folder?: readonly string[]
  readonly verify?: boolean
}

export type ZipOptions = ExportCommandOptions & { readonly mbox?: boolean }

export type AllOptions = {
  readonly to?: string
  readonly withSecrets?: boolean
  readonly domain?: string
  readonly parallel?: string
  readonly verify?: boolean
}

export function withExportOptions(command: Command): Command {
  return command
    .requiredOption('--account <address>', 'whose mail')
    .requiredOption('--to <path>', 'where it goes')
    .option('--folder <names...>', 'only these folders, by their path')
}

export function givenOptions({ account, to }: ExportCommandOptions) {
  if (account === undefined || to === undefined) {
    throw new CommandFailure('--account and --to are needed', 'usage')
  }
  return { account, to }
}

export const wantedPaths = ({ folder }: ExportCommandOptions) =>
  folder && ((path: string) => folder.includes(path))
