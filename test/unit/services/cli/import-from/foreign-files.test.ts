// Files of another system are read in their folder, and nowhere else.

import { lchownSync } from 'node:fs'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openForeignFiles } from '#services/cli/import-from/foreign-files.ts'
import { FILE_BYTES_MAX } from '#shared/moving/configurations/source-files.ts'
import { runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let resources: AsyncDisposableStack
let root: string
let folder: string

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  root = resources.use(await temporaryFolder()).path
  folder = join(root, 'etc/postfix')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'main.cf'), 'a = 1\n')
  await writeFile(join(root, 'etc/aliases'), 'root: ann\n')
  await writeFile(join(root, 'secret'), 'secret\n')
})
afterEach(() => resources.disposeAsync())

const open = (withRoot = false) =>
  openForeignFiles({
    ...{ folder, originals: ['/etc/postfix'] },
    root: withRoot ? root : undefined,
  })
const text = (content: string) => ({ kind: 'text', text: content })
const refused = { kind: 'refused' }

describe('files of another system', () => {
  it('are named as they were there, or below the folder', () => {
    expect(open().read('main.cf')).toEqual(text('a = 1\n'))
    expect(open().read('/etc/postfix/main.cf')).toEqual(text('a = 1\n'))
    expect(open().read(join(folder, 'main.cf'))).toEqual(text('a = 1\n'))
    expect(open().list('.')).toEqual(['main.cf'])
  })

  it('are not read outside of it, unless a root is given', () => {
    expect(open().read('/etc/aliases')).toMatchObject(refused)
    expect(open().read('../aliases')).toMatchObject(refused)
    expect(open().read('/etc/postfix/../aliases')).toMatchObject(refused)
    expect(open().list('..')).toBeUndefined()
    expect(open(true).read('/etc/aliases')).toEqual(text('root: ann\n'))
    expect(open(true).read('../../../../../../../../etc/passwd')).toMatchObject(refused)
  })

  // Nobody else may give links away.
  it.skipIf(process.getuid?.() !== 0)('are not read by links of somebody else', async () => {
    await symlink(join(root, 'secret'), join(folder, 'theirs'))
    expect(open(true).read('theirs')).toEqual(text('secret\n'))
    lchownSync(join(folder, 'theirs'), 2001, 2001)
    expect(open(true).read('theirs')).toEqual({
      kind: 'refused',
      reason: 'a link of somebody else than its owner leads there',
    })
  })

  it('are not read by links that lead out of it', async () => {
    await symlink('/etc/passwd', join(folder, 'out'))
    await symlink(join(root, 'secret'), join(folder, 'up'))
    await symlink('main.cf', join(folder, 'in'))
    await symlink('loop', join(folder, 'loop'))
    expect(open().read('in')).toEqual(text('a = 1\n'))
    for (const name of ['out', 'up', 'loop']) expect(open().read(name)).toMatchObject(refused)
    expect(open(true).read('up')).toEqual(text('secret\n'))
    expect(open(true).read('out')).toMatchObject(refused)
  })

  it('are files: no folders, pipes and devices', async () => {
    await runProgram('mkfifo', [join(folder, 'pipe')])
    expect(open().read('pipe')).toEqual({ kind: 'refused', reason: 'is no file' })
    expect(open().read('.')).toMatchObject(refused)
    expect(open().read('none')).toEqual({ kind: 'refused', reason: 'is not there' })
    expect(open().read('a\0b')).toMatchObject(refused)
  })

  it('have a size that can be read', async () => {
    const file = join(folder, 'large')
    await writeFile(file, 'x')
    await truncate(file, FILE_BYTES_MAX)
    expect(open().read('large')).toMatchObject({ kind: 'text' })
    await truncate(file, FILE_BYTES_MAX + 1)
    expect(open().read('large')).toMatchObject(refused)
  })

  it('may be older than UTF-8', async () => {
    await writeFile(join(folder, 'old'), Buffer.from([0x62, 0xfc, 0x63, 0x68]))
    await writeFile(join(folder, 'new'), '\ufeffbüch')
    expect(open().read('old')).toEqual(text('büch'))
    expect(open().read('new')).toEqual(text('büch'))
  })
})
