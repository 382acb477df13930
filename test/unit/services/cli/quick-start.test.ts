import { chmod, mkdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileCacheFolder } from '#services/cli/quick-start.mjs'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('the folder for compiled code', () => {
  it('is made for this user alone', async () => {
    await using folder = await temporaryFolder()
    const cache = join(folder.path, 'cache')
    expect(compileCacheFolder({ CACHE_DIRECTORY: cache })).toBe(cache)
    expect((await stat(cache)).mode & 0o777).toBe(0o700)
    expect(compileCacheFolder({ CACHE_DIRECTORY: cache })).toBe(cache)
  })

  it('is not used where others could have put code into it', async () => {
    await using folder = await temporaryFolder()
    const cache = join(folder.path, 'cache')
    await mkdir(cache)
    for (const mode of [0o777, 0o720, 0o702]) {
      await chmod(cache, mode)
      expect(compileCacheFolder({ CACHE_DIRECTORY: cache })).toBeUndefined()
    }
    await chmod(cache, 0o755)
    expect(compileCacheFolder({ CACHE_DIRECTORY: cache })).toBe(cache)
  })

  it.each(['/proc/none', '/dev/null/none', '/dev/null'])('cannot be %s', async (path) => {
    await using folder = await temporaryFolder()
    await symlink(path, join(folder.path, 'link'))
    expect(compileCacheFolder({ CACHE_DIRECTORY: path })).toBeUndefined()
    expect(compileCacheFolder({ CACHE_DIRECTORY: join(folder.path, 'link', 'x') })).toBeUndefined()
  })
})
