import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keepServer, readServers, serversFile } from '#services/cli/remote/servers-file.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const known = { token: 'pw_secret', tokenId: null, account: 'ann@example.test' }

describe('the servers of a user', () => {
  it('are in a file that nobody else reads, each until it is taken out', async () => {
    await using folder = await temporaryFolder()
    const environment = { XDG_CONFIG_HOME: folder.path }
    expect(await readServers(environment)).toEqual({})
    await keepServer(environment, 'https://a.test', known)
    await keepServer(environment, 'https://b.test', known)
    const file = serversFile(environment)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(file))).mode & 0o777).toBe(0o700)
    await keepServer(environment, 'https://a.test', undefined)
    expect(await readServers(environment)).toEqual({ 'https://b.test': known })
    expect(await readFile(file, 'utf8')).not.toContain('a.test')
  })

  it.each([0o640, 0o604, 0o620, 0o602])(
    'are not used where others have a part: %o',
    async (mode) => {
      await using folder = await temporaryFolder()
      const environment = { XDG_CONFIG_HOME: folder.path }
      await keepServer(environment, 'https://a.test', known)
      await chmod(serversFile(environment), mode)
      await expect(readServers(environment)).rejects.toThrow('others can read or write it')
      await expect(keepServer(environment, 'https://b.test', known)).rejects.toThrow('others can')
    },
  )

  it.each(['{', '{"version":2,"servers":{}}', ' '.repeat(1024 ** 2 + 1)])(
    'are not guessed from what is no such file',
    async (text) => {
      await using folder = await temporaryFolder()
      const environment = { XDG_CONFIG_HOME: folder.path }
      const file = serversFile(environment)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text, { mode: 0o600 })
      await expect(readServers(environment)).rejects.toThrow(/not JSON|of version 2|too long/)
    },
  )
})
