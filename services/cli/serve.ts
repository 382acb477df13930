import type { Command } from 'commander'
import { type Process, withCommonOptions } from './context.ts'
import type { ServeOptions } from './serving.ts'

/** `postwolke serve`. */
export function serveCommand(parent: Command, process: Process, version: string): void {
  const command = withCommonOptions(parent.command('serve')).description(
    'run the mail system in this process',
  )
  command.option('--take-over', 'wait until the server that runs has been told to stop')
  command.action(async () => {
    const { serve } = await import('./serving.ts')
    await serve(command.opts<ServeOptions>(), process, version)
  })
}
