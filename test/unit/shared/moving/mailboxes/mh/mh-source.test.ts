import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMh, parseSequences } from '#shared/moving/mailboxes/mh/mh-source.ts'
import { readSource } from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe('folders of MH', () => {
  let resources: AsyncDisposableStack
  let root: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    root = join(resources.use(await temporaryFolder()).path, 'Mail')
    await mkdir(join(root, 'inbox', 'work'), { recursive: true })
    for (const [n, text] of [
      ['1', 'Subject: a\n\nx\n'],
      ['2', 'Subject: b\n\nx\n'],
      ['10', 'Subject: b\n\nx\n'],
      [',3', 'removed'],
      ['0', 'no number of a message'],
    ] as const) {
      await writeFile(join(root, 'inbox', n), text)
      await utimes(join(root, 'inbox', n), 1_000_000_000, 1_000_000_000)
    }
    await symlink('/etc/passwd', join(root, 'inbox', '11'))
    await writeFile(join(root, 'inbox', '.mh_sequences'), 'unseen: 2-9\nreplied: 1 10\ncur: 1\n')
    await writeFile(join(root, 'inbox', 'work', '1'), 'Subject: w\n\n')
  })
  afterEach(() => resources.disposeAsync())

  it('have flags by their sequences, and dates of their files', async () => {
    const source = await openMh(root)
    expect((await source.folders()).map(({ names }) => names.join('/'))).toEqual([
      'INBOX',
      'INBOX/work',
    ])
    const { numbers, read } = await readSource(source, ['INBOX'])
    expect(numbers).toBeUndefined()
    expect(read.map(({ text, flags }) => [text.split('\r\n')[0], flags.join(' ')])).toEqual([
      ['Subject: a', '\\Seen \\Answered'],
      ['Subject: b', ''],
      ['Subject: b', '\\Seen \\Answered'],
    ])
    expect(read[0]?.dateMs).toBe(1_000_000_000_000)
    expect((await readSource(source, ['INBOX', 'work'])).read).toHaveLength(1)
  })

  it('are known again when they were packed', async () => {
    const keys = async () =>
      (await readSource(await openMh(root), ['INBOX'])).read.map(({ key }) => key)
    const before = await keys()
    expect(new Set(before).size).toBe(3)
    await rm(join(root, 'inbox', '1'))
    await rename(join(root, 'inbox', '2'), join(root, 'inbox', '1'))
    await rename(join(root, 'inbox', '10'), join(root, 'inbox', '2'))
    expect(await keys()).toEqual(before.slice(1))
  })

  it('are told from what is none', async () => {
    await expect(openMh(join(root, 'nothing'))).rejects.toThrow('cannot read')
    await rm(join(root, 'inbox'), { recursive: true })
    await expect(openMh(root)).rejects.toThrow('is no tree of MH')
  })

  it('have sequences of numbers and ranges, and of nothing else', () => {
    expect([...parseSequences('a: 5 1-3 x 4-\nb 1\n: 1\nc:\n')]).toEqual([
      [
        'a',
        [
          [1, 3],
          [5, 5],
        ],
      ],
      ['c', []],
    ])
  })
})
