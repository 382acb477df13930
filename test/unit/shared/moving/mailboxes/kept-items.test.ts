// What an export holds that is no mail, kept as files: each once, whatever it is called, and nowhere but in the folder of the account.

import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFolderTarget } from '#shared/moving/export/folder-target.ts'
import { keepItems } from '#shared/moving/mailboxes/kept-items.ts'
import type { MailSource, SourceItem } from '#shared/moving/mailboxes/source.ts'
import { openExport } from '#shared/moving/workmail/export/export-source.ts'
import { archiveOf, rangesOf } from '#test/support/export-archive.ts'
import { must } from '#test/support/must.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { zip } from '#test/support/zip.ts'

const calendar = (summary: string) =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nSUMMARY:${summary}\r\nEND:VCALENDAR\r\n`
const card = 'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob\r\nEND:VCARD\r\n'
const mail = (subject: string, more = '') =>
  `${more}Date: Sun, 5 May 2024 10:00:00 +0000\r\nSubject: ${subject}\r\n\r\nx\r\n`

describe('what is no mail', () => {
  let resources: AsyncDisposableStack
  let folder: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = join(resources.use(await temporaryFolder()).path, 'keep')
  })
  afterEach(() => resources.disposeAsync())

  /** As an import does: all folders of mail are read before. */
  async function readAll(source: MailSource): Promise<void> {
    for (const one of await source.folders()) {
      const opened = await source.open(one)
      await Array.fromAsync(opened.messages())
    }
  }

  async function kept(source: MailSource, options: { dryRun?: boolean; bytesMax?: number } = {}) {
    await readAll(source)
    const target = await openFolderTarget(folder)
    const given = { dryRun: false, ...options }
    return await keepItems(must(source.items)(), target, 'Ann@example.test', given)
  }

  const exportOf = async (files: { readonly [name: string]: string }) =>
    await openExport(rangesOf(await archiveOf(files)), { mailbox: 'ann' })
  const filesBelow = async () =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
      .toSorted()

  it('of an export is in a folder for the account, by folders and kinds, and not mail', async () => {
    const files = {
      'Inbox/1.eml': mail('one'),
      'Inbox/2.pdf': '%PDF',
      'Calendar/Team/3.eml': calendar('a'),
      'Calendar/4.eml': mail('b', 'Content-Type: text/calendar\r\n'),
      'Contacts/Bob': card,
    }
    const source = await exportOf(files)
    const { items, counts } = await kept(source)
    expect(counts).toEqual({ kept: 4, already: 0, differs: 0, left: 0 })
    expect((await filesBelow()).map((path) => path.replace(/~[0-9a-f]{24}/, '~'))).toEqual([
      'ann@example.test/Calendar/4~.eml',
      'ann@example.test/Calendar/Team/3~.ics',
      'ann@example.test/Contacts/Bob~.vcf',
      'ann@example.test/INBOX/2~.pdf',
    ])
    expect(items.map(({ kind, bytes }) => `${kind} ${bytes}`).toSorted()).toEqual([
      `calendar ${Buffer.byteLength(calendar('a'))}`,
      `calendar ${Buffer.byteLength(files['Calendar/4.eml'])}`,
      `contact ${card.length}`,
      'other 4',
    ])
    const { path } = must(items.find(({ kind }) => kind === 'contact'))
    expect(await readFile(join(folder, path), 'utf8')).toBe(card)
    expect((await stat(join(folder, path))).mode & 0o777).toBe(0o600)
    expect(source.notes().map(({ reason }) => reason)).not.toContainEqual(
      expect.stringContaining('the archive'),
    )
  })

  it('comes once, whatever it is called in a later export, and after a run that was killed', async () => {
    const first = await kept(await exportOf({ 'Calendar/1.eml': calendar('a') }))
    // What a killed run leaves is no file of anybody's.
    await writeFile(join(folder, 'ann@example.test/Calendar/.7.part'), 'half')
    const second = await kept(
      await exportOf({
        'Calendar/9.eml': calendar('a'),
        'Calendar/8.eml': calendar('a'),
        'Calendar/2.eml': calendar('b'),
      }),
    )
    expect(second.counts).toMatchObject({ kept: 1, already: 2 })
    expect(second.items[0]?.path).toBe(first.items[0]?.path)
    expect((await filesBelow()).filter((path) => path.endsWith('.ics'))).toHaveLength(2)
  })

  it('is not put in place of a file that somebody changed', async () => {
    const { items } = await kept(await exportOf({ 'Contacts/1': card }))
    const path = join(folder, must(items[0]).path)
    await writeFile(path, 'own words')
    const again = await kept(await exportOf({ 'Contacts/1': card }))
    expect(again.counts).toMatchObject({ kept: 0, differs: 1 })
    expect(await readFile(path, 'utf8')).toBe('own words')
  })

  it('leads nowhere else by its names', async () => {
    const names = ['..', '.', '/etc/passwd', 'a/../../b', '.hidden', 'CON:x', 'x'.repeat(400), '\0']
    async function* items(): AsyncGenerator<SourceItem> {
      for (const [n, name] of names.entries()) {
        const bytes = [Buffer.from(calendar(String(n)))]
        yield { kind: 'calendar', folder: [name, '..', name], name, bytes }
      }
    }
    const target = await openFolderTarget(folder)
    const { items: listed } = await keepItems(items(), target, '../../bob', { dryRun: false })
    const found = await filesBelow()
    expect(found).toHaveLength(names.length)
    expect(listed.map(({ path }) => path).toSorted()).toEqual(found)
    for (const path of found) {
      const parts = path.split('/')
      expect(parts).toHaveLength(5)
      expect(parts.every((part) => /^[^.\s-]/.test(part) && part.length < 180)).toBe(true)
    }
    expect(await readdir(join(folder, '..'))).toEqual(['keep'])
  })

  it('has a budget, is not written in a rehearsal, and not where it is damaged', async () => {
    const both = { 'Contacts/1': card, 'Contacts/2': `${card}${card}` }
    const budget = await kept(await exportOf(both), { bytesMax: card.length })
    expect(budget.items.map(({ outcome }) => outcome)).toEqual(['kept', 'left'])
    expect(await filesBelow()).toHaveLength(1)
    const rehearsed = await kept(await exportOf(both), { dryRun: true })
    expect(rehearsed.counts).toMatchObject({ kept: 1, already: 1 })
    expect(await filesBelow()).toHaveLength(1)
    const bytes = zip([
      { name: 'Contacts/1', content: Buffer.from(`${card}${'y'.repeat(70_000)}`) },
    ])
    bytes.write('z', bytes.indexOf('yyyy') + 69_000)
    const damaged = await openExport(rangesOf(bytes), { mailbox: 'ann' })
    expect((await kept(damaged)).items).toEqual([])
    expect(damaged.notes()).toContainEqual({
      ...{ about: 'Contacts/1', reason: 'its checksum is another one', isLost: true },
    })
  })
})
