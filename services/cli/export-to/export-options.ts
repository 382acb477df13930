// Options that all commands have which write mail out.

import type { Command } from 'commander'
import { CommandFailure } from '../failure.ts'
import type { PlaceOptions } from './places.ts'

export type ExportCommandOptions = PlaceOptions & {
  readonly account?: string
  readonly folder?: readonly string[]
  readonly verify?: boolean
}

export type ZipOptions = ExportCommandOptions & { readonly mbox?: boolean }

export type AllOptions = PlaceOptions & {
  readonly withSecrets?: boolean
  readonly domain?: string
  readonly parallel?: string
  readonly verify?: boolean
}

export function withExportOptions(command: Command): Command {
  return withPlace(command)
    .requiredOption('--account <address>', 'whose mail')
    .option('--folder <names...>', 'only these folders, by their path')
    .option('--verify', 'write nothing: compare every message with what was written')
}

export const withPlace = (command: Command): Command =>
  command
    .requiredOption('--to <path>', 'where it goes: a path, or s3://bucket/prefix')
    .option('--region <region>', 'of the bucket (default: that of the environment, or profile)')

export function accountOf({ account }: ExportCommandOptions): string {
  if (account === undefined) throw new CommandFailure('--account is needed', 'usage')
  return account
}

export const wantedPaths = ({ folder }: ExportCommandOptions) =>
  folder && ((path: string) => folder.includes(path))
