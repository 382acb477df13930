// Folders that are called alike on the disk are folders all the same.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import { openMbox } from '#shared/moving/mailboxes/mbox/mbox-source.ts'
import { openMh } from '#shared/moving/mailboxes/mh/mh-source.ts'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import { writeMaildir } from '#test/support/maildir.ts'
import { readSource } from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

async function contents(source: MailSource): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const { names, selectable } of await source.folders()) {
    if (!selectable) continue
    const { read } = await readSource(source, names)
    found[names.join('/')] = read.map(({ text }) => text.slice(0, 10)).join()
  }
  return found
}

it('hide none of each other', async () => {
  await using folder = await temporaryFolder()
  const at = (...names: readonly string[]) => join(folder.path, ...names)
  const message = (text: string) => [{ name: 'cur/1.a.h:2,S', text: `Subject: ${text}\n\n` }]
  await writeMaildir(at('Maildir'), '', message('0'))
  await writeMaildir(at('Maildir'), '.INBOX', message('1'))
  await writeMaildir(at('Maildir'), '.Caf&AOk-', message('2'))
  await writeMaildir(at('Maildir'), '.Caf\u00e9', message('3'))
  expect(await contents(await openMaildir(at('Maildir')))).toEqual({
    INBOX: 'Subject: 0',
    'INBOX (.INBOX)': 'Subject: 1',
    'Caf\u00e9': 'Subject: 2',
    'Caf\u00e9 (.Caf\u00e9)': 'Subject: 3',
  })
  await mkdir(at('box'))
  const from = 'From a Sat Jan  3 01:05:34 2026\nSubject: '
  await writeFile(at('box', 'Work'), `${from}0\n\n`)
  await writeFile(at('box', 'Work.mbox'), `${from}1\n\n`)
  expect(await contents(await openMbox(at('box')))).toEqual({
    Work: 'Subject: 0',
    'Work (Work.mbox)': 'Subject: 1',
  })
  for (const name of ['INBOX', 'inbox']) {
    await mkdir(at('mh', name), { recursive: true })
    await writeFile(at('mh', name, '1'), `Subject: ${name === 'INBOX' ? 0 : 1}\n\n`)
  }
  expect(await contents(await openMh(at('mh')))).toEqual({
    INBOX: 'Subject: 0',
    'INBOX (inbox)': 'Subject: 1',
  })
})
