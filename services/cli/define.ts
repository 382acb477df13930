import type { Command } from 'commander'
import {
  type Common,
  type Context,
  type Process,
  withCommonOptions,
  withCore,
  withJson,
} from './context.ts'

/** Gives a command its common options and runs it on the data folder. */
export type Define = <Options extends object>(
  command: Command,
  definition: {
    readonly about: string
    readonly json?: boolean
    readonly options?: (command: Command) => unknown
    readonly run: (
      context: Context,
      names: readonly [string, ...string[]],
      options: Options,
    ) => Promise<void>
  },
) => void

export function createDefine(process: Process): Define {
  return (command, { about, json, options, run }) => {
    withCommonOptions(command.description(about))
    if (json) withJson(command)
    options?.(command)
    command.action(async () => {
      const given = command.opts<Common & Parameters<typeof run>[2]>()
      const [first = '', ...rest] = command.processedArgs.flat()
      await withCore(given, process, (context) => run(context, [first, ...rest], given))
    })
  }
}
