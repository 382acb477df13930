import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import {
  becomeOwner,
  type Common,
  dataDirectory,
  mustExist,
  type Process,
  withCommonOptions,
  withJson,
} from './context.ts'
import { createOutput, formatBytes } from './output.ts'

/** `postwolke compact`: gives back to the disk what the store file does not need. The server must not run. */
export function compactCommand(parent: Command, process: Process): void {
  const compact = withJson(withCommonOptions(parent.command('compact'))).description(
    'make the store file as small as what is in it; the server must not run meanwhile',
  )
  compact.action(async () => {
    const options = compact.opts<Common>()
    const directory = dataDirectory(options, process)
    const { compactStore, STORE_FILE } = await import('#services/one-machine/data-folder.ts')
    await mustExist(directory, [STORE_FILE])
    await becomeOwner(directory, process)
    const done = await explained(`cannot compact ${directory}`, compactStore(directory))
    createOutput(options.json === true, process.write, process.columns).print(done, () => [
      `${formatBytes(done.bytesBefore)} before, ${formatBytes(done.bytesAfter)} now`,
    ])
  })
}
