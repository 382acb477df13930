import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { foldersOf, pathOf, placeOf } from '#services/cli/import-from/path-pattern.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('a path with %d, %n and %u', () => {
  it('is the folder of an address', async () => {
    expect(pathOf('/mail/%d/%n', 'ann@example.org')).toBe('/mail/example.org/ann')
    expect(pathOf('/mail/%u', '"a@b"@example.org')).toBe('/mail/"a@b"@example.org')
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'xn--bcher-kva.example/ann'), { recursive: true })
    const pattern = join(folder.path, '%d/%n')
    const ascii = join(folder.path, 'xn--bcher-kva.example')
    expect(await placeOf(pattern, 'ann@bücher.example')).toEqual({
      ...{ path: join(ascii, 'ann'), isThere: true },
    })
    expect(await placeOf(pattern, 'bob@bücher.example')).toEqual({
      ...{ path: join(ascii, 'bob'), isThere: false },
    })
  })

  it('finds everybody who has a folder', async () => {
    await using folder = await temporaryFolder()
    for (const path of ['a.example/ann/Maildir', 'a.example/bob/other', 'b.example/ann/Maildir']) {
      await mkdir(join(folder.path, path), { recursive: true })
    }
    const found = await foldersOf(join(folder.path, '%d/%n/Maildir'))
    expect(found.map(({ address }) => address).sort()).toEqual(['ann@a.example', 'ann@b.example'])
    await mkdir(join(folder.path, 'flat/user-x@c.example-box'), { recursive: true })
    const flat = await foldersOf(join(folder.path, 'flat/user-%n@%d-box'))
    expect(flat.map(({ address }) => address)).toEqual(['x@c.example'])
  })
})
