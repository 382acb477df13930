// `postwolke sieve from-procmail`: the script goes to standard output, what is said of it elsewhere, and nothing outside of the home is read.

import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let home: string

beforeAll(async () => {
  const { path } = resources.use(await temporaryFolder())
  home = join(path, 'ann')
  await mkdir(join(home, 'Mail'), { recursive: true })
  await writeFile(join(path, 'secret'), ':0\nsecret\n')
  await symlink(join(path, 'secret'), join(home, 'link.rc'))
  await writeFile(join(home, 'Mail/lists.rc'), ':0\n* ^List-Id:\nlists/\n')
})
afterAll(() => resources.disposeAsync())

async function translate(text: string, ...words: string[]) {
  await writeFile(join(home, '.procmailrc'), text)
  return await commandLine(['sieve', 'from-procmail', join(home, '.procmailrc'), ...words])
}

it('prints the script, and beside it what is not in it', async () => {
  const text = `LOGFILE=log\n:0\n* ^To:.*$LOGNAME\n| tool\n:0:\n* $^From:.*$LOGNAME@\nmine\n`
  const { code, stdout, stderr } = await translate(text, '--login', 'ann')
  expect(code).toBe(0)
  expect(stdout).toContain('if header :contains "from" "ann@" {\n  fileinto :create "mine";\n')
  expect(stderr.split('\n')).toEqual([
    '.procmailrc, line 1: ignored: LOGFILE has no meaning here',
    '.procmailrc, line 2: left out: its pattern goes over several lines',
    '1 translated, 1 left out',
    '',
  ])
})

it('reads what it includes in the folder of the file, and nowhere else', async () => {
  const text =
    'MAILDIR=$HOME/Mail\nINCLUDERC=lists.rc\nINCLUDERC=$HOME/link.rc\nINCLUDERC=$HOME/../secret\nINCLUDERC=/etc/passwd\n'
  const { stdout, stderr } = await translate(text)
  expect(stdout).toContain('if exists "list-id" {\n  fileinto :create "lists";\n')
  expect(stdout).not.toContain('"secret"')
  expect(stderr.match(/cannot be read/g)).toHaveLength(3)
})

it('prints JSON', async () => {
  const { stdout, stderr } = await translate(':0\n* ^Subject:.*x\ny\n', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ translated: 1, notes: [], findings: [] })
  expect(stderr).toBe('')
})

it('says which file cannot be read', async () => {
  const { code, stderr } = await commandLine(['sieve', 'from-procmail', join(home, 'none')])
  expect(code).toBe(66)
  expect(stderr).toContain('cannot read')
})
