// What logrotate does to the log of a running server, whose settings may be wrong at that moment.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { freePorts, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

it('a log that was moved away is begun anew, whatever is wrong with the settings', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'mail.log')
  const settings = join(folder.path, 'postwolke.toml')
  const good = `log = { file = "${file}" }\n`
  await writeFile(settings, good)
  await using server = await startServer(folder.path, await freePorts())
  const elsewhere = `log = { file = "${join(folder.path, 'none', 'mail.log')}" }\n`
  for (const [n, wrong] of [`${good}messageSizeLimit = "yes"\n`, elsewhere].entries()) {
    await rename(file, `${file}.${n}`)
    await writeFile(settings, wrong)
    server.hangUp()
    await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toContain('not reloaded'), {
      timeout: 20_000,
    })
  }
})
