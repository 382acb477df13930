// One server a data folder: the second is refused by name, whatever became of the first.

import { expect, it, onTestFinished } from 'vitest'
import { freePorts, runCommand, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

it('a second server on a data folder is refused by name until the first has ended, however it ends', async () => {
  const folder = await temporaryFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await using first = await startServer(folder.path, await freePorts())
    const second = startServer(folder.path, await freePorts())
    await expect(second).rejects.toThrow(
      new RegExp(
        `${folder.path}: it is in use by process ${first.pid}, started \\S+; stop it, or use another --data`,
      ),
    )
    // The command line works beside it.
    await runCommand(folder.path, ['account', 'list'])
    await first.end(signal)
  }
  await using _third = await startServer(folder.path, await freePorts())
})
