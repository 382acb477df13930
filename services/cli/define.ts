import type { Command } from 'commander'
import {
  type Common,
  type Context,
  type Process,
  withCore,
  withJson,
  withStoreOptions,
} from './context.ts'

/** Gives a command its common options and runs it on the data folder, which must be there unless it may create it. */
export type Define = <Options extends object>(
  command: Command,
  definition: {
    readonly about: string
    readonly mayCreate?: boolean
    readonly options?: (command: Command) => unknown
    readonly run: (
      context: Context,
      names: readonly [string, ...string[]],
      options: Options,
    ) => Promise<void>
  },
) => void

export function createDefine(process: Process): Define {
  return (command, { about, mayCreate = false, options, run }) => {
    command.description(about)
    options?.(command)
    withJson(withStoreOptions(command))
    command.action(async () => {
      const given = command.opts<Common & Parameters<typeof run>[2]>()
      const [first = '', ...rest] = command.processedArgs.flat()
      await withCore(given, process, { mayCreate }, (context) =>
        run(context, [first, ...rest], given),
      )
    })
  }
}
