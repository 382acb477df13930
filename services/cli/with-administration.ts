// What a command works with, here or on a server: the one or the other is loaded.

import type { Common, Context, Process, StoreOptions } from './command-context.ts'
import { serverOf } from './context.ts'

/** Runs a command on the data folder, beside a server that may be running on it; or on a deployment, or a server. */
export async function withAdministration(
  common: Common,
  process: Process,
  options: StoreOptions,
  run: (context: Context) => Promise<void>,
): Promise<void> {
  const server = serverOf(common, process)
  if (server === undefined) {
    const { withStore } = await import('./store-context.ts')
    return await withStore(common, process, options, run)
  }
  const { createRemoteContext } = await import('./remote/context.ts')
  await run(await createRemoteContext(server, common, process))
}
