import { chmod, mkdir, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MaildropFolder } from '#services/pickup/maildrop-folder.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)

it('lets everybody leave files, which only the server lists and reads', async () => {
  await using place = await temporaryFolder()
  const path = join(place.path, 'a', 'maildrop')
  expect((await MaildropFolder.open(path)).isForAll).toBe(true)
  expect(await modeOf(path)).toBe('3733')
  expect(await modeOf(join(path, 'taken'))).toBe('700')
  expect(await modeOf(join(path, 'corrupt'))).toBe('700')
})

it('opens one that is there, and puts right who may do what', async () => {
  await using place = await temporaryFolder()
  await MaildropFolder.open(place.path)
  await chmod(place.path, 0o777)
  await MaildropFolder.open(place.path)
  expect(await modeOf(place.path)).toBe('3733')
})

it('gives nobody what a link in its place leads to', async () => {
  await using place = await temporaryFolder()
  const { uid, gid } = await stat(place.path)
  const path = join(place.path, 'maildrop')
  const other = join(place.path, 'other')
  await MaildropFolder.open(path)
  await mkdir(other, { mode: 0o700 })
  await rmdir(join(path, 'taken'))
  await symlink(other, join(path, 'taken'))
  await expect(MaildropFolder.prepare(path, { uid, gid })).rejects.toThrow(/ENOTDIR|ELOOP/)
  const link = join(place.path, 'link')
  await symlink(other, link)
  await expect(MaildropFolder.prepare(link, { uid, gid })).rejects.toThrow(/ENOTDIR|ELOOP/)
  expect(await modeOf(other)).toBe('700')
})

it('tells everybody what is taken', async () => {
  await using place = await temporaryFolder()
  const folder = await MaildropFolder.open(place.path)
  await folder.tellLimits({ messageSizeLimit: 1, authorizedSubmitUsers: ['joe'] })
  expect(await modeOf(join(place.path, 'limits.json'))).toBe('644')
})

it.each([0, 2])('names %i files and no more', async (max) => {
  await using place = await temporaryFolder()
  const folder = await MaildropFolder.open(place.path)
  for (const name of ['a', 'b', 'c']) await writeFile(join(place.path, name), '', { mode: 0o640 })
  expect(await folder.whole(max, Date.now())).toHaveLength(max)
})
