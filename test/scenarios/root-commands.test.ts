// Commands of root on the data folder of another user: nothing in it is root's, and what only root may read the server may not.

import { chmod, chown, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { runCommand } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const NOBODY = 65_534

describe.skipIf(process.getuid?.() !== 0)("root's commands [rights]", () => {
  it('make files that the owner of the data folder can read', async () => {
    await using folder = await temporaryFolder()
    await chown(folder.path, NOBODY, NOBODY)
    expect(await runCommand(folder.path, ['domain', 'add', 'a.test'])).toMatchObject({ code: 0 })
    const names = await readdir(folder.path)
    expect(names).toContain('store.mdb')
    for (const name of names) {
      expect({ name, ...(await stat(join(folder.path, name))) }).toMatchObject({ uid: NOBODY })
    }
  })

  it('config check finds what the server may not read', async () => {
    await using folder = await temporaryFolder()
    await using tls = await temporaryFolder()
    await chown(folder.path, NOBODY, NOBODY)
    await chmod(tls.path, 0o755)
    const { cert, key } = makeSelfSigned('mail.test', new Date())
    const certificateFile = join(tls.path, 'cert.pem')
    const keyFile = join(tls.path, 'key.pem')
    await writeFile(certificateFile, cert, { mode: 0o644 })
    await writeFile(keyFile, key, { mode: 0o600 })
    const settings = ['hostname=mail.test', `tls.certificateFile=${certificateFile}`]
    const check = () =>
      runCommand(folder.path, [
        ...['config', 'check', '--set', `tls.keyFile=${keyFile}`],
        ...settings.flatMap((setting) => ['--set', setting]),
      ])
    expect(await check()).toMatchObject({
      code: 69,
      stderr: expect.stringContaining(`this user has no right to ${keyFile}`),
    })
    await chown(keyFile, NOBODY, NOBODY)
    expect(await check()).toMatchObject({ code: 0, stderr: '' })
  })
})
