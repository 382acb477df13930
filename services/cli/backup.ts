import { resolve } from 'node:path'
import type { Command } from 'commander'
import { explained } from '#services/assembly/start-failure.ts'
import { type Common, dataDirectory, type Process, withCommonOptions, withJson } from './context.ts'
import { CommandFailure } from './failure.ts'
import { counted, createOutput, formatBytes } from './output.ts'
import { followProgress } from './progress.ts'

type Options = Common & { readonly verify?: boolean }

/** `postwolke backup`: all of a data folder into another folder, while the server runs. */
export function backupCommand(parent: Command, process: Process): void {
  const backup = withJson(withCommonOptions(parent.command('backup <folder>'))).description(
    'copy all of a data folder while it is in use; into the same folder again only what is new',
  )
  backup.option('--verify', 'make none: read the one that is there and compare its digests')
  backup.action(async () => {
    const options = backup.opts<Options>()
    const to = resolve(String(backup.processedArgs[0]))
    const output = createOutput(options.json === true, process.write, process.columns)
    const progress = followProgress(process, options.verify ? 'verifying' : 'copying')
    if (options.verify) {
      const { verifyBackup } = await import('#services/one-machine/data-folder.ts')
      const verifying = verifyBackup(to, progress.step)
      const { taken, counts, objectFiles } = await explained(`cannot trust ${to}`, verifying)
      progress.end()
      output.print({ taken, counts, objectFiles }, () => [
        `sound: as of ${taken}, ${counted(objectFiles.files, 'object file')} of ${formatBytes(objectFiles.bytes)}`,
      ])
      return
    }
    const from = dataDirectory(options, process)
    const { openDataFolder } = await import('./store-context.ts')
    await using store = await openDataFolder(options, process)
    const making = store.backUp({ to, progress: progress.step })
    const { manifest, copied, damaged } = await explained(`cannot back up ${from}`, making)
    progress.end()
    const { taken, counts, objectFiles } = manifest
    output.print({ folder: to, taken, counts, objectFiles, copied, damaged }, () => [
      `as of ${taken} in ${to}: store of ${formatBytes(manifest.storeFile.bytes)}, ${counted(objectFiles.files, 'object file')} of ${formatBytes(objectFiles.bytes)}, ${copied.files} of them copied`,
      ...damaged.map((key) => `damaged in the data folder, and so in the backup: ${key}`),
    ])
    if (damaged.length > 0) {
      throw new CommandFailure(
        `${counted(damaged.length, 'object is', 'objects are')} damaged; 'postwolke check' says more`,
      )
    }
  })
}
