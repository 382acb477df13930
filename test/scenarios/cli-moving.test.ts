// `postwolke import SOURCE`: what it prints, how it ends, and that the server runs with what came over.

import { generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { writeMaildir } from '#test/support/maildir.ts'
import { fixturePath } from '#test/support/moving-fixtures.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

let resources: AsyncDisposableStack
let folder: string
let data: string

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  folder = resources.use(await temporaryFolder()).path
  data = join(folder, 'data')
})
afterEach(() => resources.disposeAsync())

const run = (...words: readonly string[]) => commandLine(['import', ...words, '--data', data])
const show = async (...words: readonly string[]) =>
  JSON.parse((await commandLine([...words, '--json', '--data', data])).stdout)
const fileWith = async (name: string, text: string) => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe('import postfix', () => {
  it('takes over virtual domains, local users and a relay', async () => {
    const root = fixturePath('virtual-domains')
    const report = join(folder, 'report')
    const words = ['postfix', join(root, 'etc/postfix'), '--root', root]
    const done = await run(...words, '--report', report)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toContain('accounts  2 added, 0 changed, 0 as they were\n')
    expect(done.stdout).toContain('  hostname = "mail.example.net"\n')
    expect(done.stdout).toMatch(
      /\nDid not come over \(1\):\n {2}\/etc\/postfix\/virtual-patterns:2: /,
    )
    expect(done.stdout).toMatch(/\nIs not needed here: 3 items \(--all lists them\)\n$/)
    expect(await readFile(report, 'utf8')).toMatch(/\nIs not needed here \(3\):\n/)
    expect((await stat(report)).mode & 0o777).toBe(0o600)
    expect(await show('alias', 'show', 'nobody-else@example.com')).toMatchObject({
      alias: '@example.com',
    })
    // What is in force now, and what the file has to say, goes together.
    const lines = done.stdout.split('\n').filter((line) => /^ {2}[\w.]+ = "/.test(line))
    await writeFile(join(data, 'postwolke.toml'), `${lines.join('\n')}\n`)
    const checked = await commandLine(['config', 'check', '--data', data])
    expect(checked).toMatchObject({ code: 0 })
    expect(await show('config', 'show', 'smtpdSenderRestrictions')).toMatchObject([
      {
        value: 'check_sender_access inline:{ {careful.example=strict}, {bad.example=REJECT} }',
      },
    ])
  })

  it('reads nothing outside of the folder without a root', async () => {
    const { stdout } = await run('postfix', fixturePath('isp/etc/postfix'), '--dry-run')
    expect(stdout).toContain('outside of the folder')
    expect(await show('domain', 'list')).toEqual([])
  })

  it('says what it cannot read', async () => {
    expect(await run('postfix', folder)).toMatchObject({
      code: 66,
      stderr: `postwolke: no Postfix is configured in ${folder}: main.cf: is not there\n`,
    })
    const none = await run(
      'postfix',
      fixturePath('isp/etc/postfix'),
      '--dovecot',
      join(folder, 'x'),
    )
    expect(none.code).toBe(66)
    expect(await run('postfix', join(folder, 'none'))).toMatchObject({ code: 66 })
    const passwords = ['--passwd-file', join(folder, 'users')]
    expect(await run('postfix', fixturePath('isp/etc/postfix'), ...passwords)).toMatchObject({
      code: 66,
    })
  })
})

describe('import passwd-file', () => {
  const users =
    'ann:{PLAIN}a word\nbob@b.test:{CRYPT}9J4sZ/8wapFiA:::::: userdb_quota_rule=*:storage=2G\n'

  it('makes domains and accounts, and refuses what differs unless it is told to change it', async () => {
    const file = await fileWith('users', users)
    const done = await run('passwd-file', file, '--default-domain', 'a.test')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(/^domains {3}2 added.*\naccounts {2}2 added/)
    expect(await show('account', 'show', 'bob@b.test')).toMatchObject({ quotaBytes: 2 * 1024 ** 3 })
    await fileWith('users', users.replace('2G', '3G'))
    const again = await run('passwd-file', file, '--default-domain', 'a.test')
    expect(again).toMatchObject({
      code: 65,
      stderr: 'postwolke: 1 item was refused; everything else is done\n',
    })
    expect(again.stdout).toContain(`\nRefused (1):\n  users:2: `)
    expect(await run('passwd-file', file, '--default-domain', 'a.test', '--update')).toMatchObject({
      code: 0,
    })
    expect(await show('account', 'show', 'bob@b.test')).toMatchObject({ quotaBytes: 3 * 1024 ** 3 })
  })
})

describe('import sql-dump', () => {
  it('takes over a database, and says what it cannot read', async () => {
    const file = await fileWith(
      'mail.sql',
      "INSERT INTO virtual_domains (name) VALUES ('a.test');\nINSERT INTO virtual_users (email, password) VALUES ('ann@a.test', 'a word');\n",
    )
    expect(await run('sql-dump', file, '--default-scheme', 'plain')).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(/^domains {3}1 added.*\naccounts {2}1 added/),
    })
    expect(await show('account', 'show', 'ann@a.test')).toMatchObject({ enabled: true })
    await mkdir(join(folder, 'postfix'))
    await fileWith('postfix/virtual', 'info@a.test ann@a.test\n')
    await fileWith('postfix/main.cf', 'virtual_alias_maps = mysql:/x, hash:/etc/postfix/virtual\n')
    expect(await run('postfix', join(folder, 'postfix'), '--sql-dump', file)).toMatchObject({
      code: 65,
      stdout: expect.stringContaining('aliases   1 added'),
    })
    const none = await fileWith('none.sql', 'SELECT 1;')
    expect(await run('postfix', join(folder, 'postfix'), '--sql-dump', none)).toMatchObject({
      code: 66,
    })
    expect(await run('sql-dump', none)).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('none.sql: has no table of accounts'),
    })
    expect(await run('sql-dump', join(folder, 'x'))).toMatchObject({ code: 66 })
  })
})

describe('import opendkim', () => {
  it('brings keys of domains that are here, and prints none', async () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 1024 })
      .privateKey.export({ type: 'pkcs1', format: 'pem' })
      .toString()
    await mkdir(join(folder, 'keys'))
    await writeFile(join(folder, 'keys', 'mail.private'), pem)
    await fileWith(
      'KeyTable',
      'a a.test:mail:keys/mail.private\nb b.test:mail:./keys/mail.private\n',
    )
    const file = await fileWith('opendkim.conf', 'KeyTable KeyTable\n')
    await commandLine(['domain', 'add', 'a.test', '--data', data])
    await commandLine(['domain', 'add', 'b.test', '--data', data])
    const done = await run('opendkim', file, '--json')
    expect(done).toMatchObject({ code: 0 })
    expect(JSON.parse(done.stdout).counts).toContainEqual(
      expect.objectContaining({ what: 'keys', added: 2 }),
    )
    expect(done.stdout).not.toContain(pem.slice(40, 60))
    expect(await show('dkim', 'list', 'b.test')).toMatchObject({
      keys: expect.arrayContaining([expect.objectContaining({ selector: 'mail' })]),
    })
    expect(await run('opendkim', join(folder, 'none'))).toMatchObject({ code: 66 })
  })
})

describe('import of others', () => {
  it('takes over an alias file of Exim', async () => {
    const file = await fileWith('aliases', 'root: ann@b.test\ngone: :fail: left\n')
    const done = await run('exim', file, '--default-domain', 'a.test')
    expect(done).toMatchObject({ code: 0 })
    expect(await show('alias', 'list')).toEqual([{ alias: 'root@a.test', targets: ['ann@b.test'] }])
    expect(await show('access', 'list', 'exim_aliases')).toEqual([
      { key: 'gone@a.test', result: '550 5.1.1 left' },
    ])
  })

  it.each(['qmail', 'courier', 'sendmail'])('%s says what it cannot read', async (source) => {
    expect(await run(source, join(folder, 'none'))).toMatchObject({ code: 66 })
  })
})

describe('import maildir', () => {
  const at = (name: string) => join(folder, 'vhosts', name)
  const letter = (n: number) => ({ name: `cur/${n}.x:2,S`, text: `Subject: ${n}\n\nx\n` })

  beforeEach(async () => {
    await commandLine(['domain', 'add', 'a.test', '--data', data])
    const users = ['ann', 'bob', 'cy'].map((name) => `${name}@a.test:{PLAIN}secretword\n`)
    await commandLine(['account', 'import', '-', '--data', data], { input: users.join('') })
    for (const name of ['ann', 'bob', 'cy']) await writeMaildir(at(name), '', [letter(1)])
  })

  it('ends with 65 where something cannot be read, names it, and brings the rest', async () => {
    await symlink('/etc/hostname', join(at('ann'), 'cur/2.link:2,'))
    await writeMaildir(at('bob'), '.Old', [letter(2)])
    await rm(join(at('bob'), '.Old/new'), { recursive: true })
    await writeFile(join(at('bob'), '.Old/new'), '')
    const bring = (...words: readonly string[]) => run('maildir', at('%n'), ...words)
    const done = await bring()
    expect(done.code).toBe(65)
    expect(done.stderr.trimEnd().split('\n').at(-1)).toBe(
      'postwolke: did not come, or not as a whole: 1 message of ann@a.test, 1 folder of bob@a.test; everything else is here',
    )
    expect(done.stderr).toContain(`cannot read ${at('bob')}/.Old/new: ENOTDIR`)
    expect(await bring('--dry-run')).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(
        /: would not come.*1 folder of bob.*; everything else would\n$/,
      ),
    })
    const accounts: { messages: number }[] = await show('account', 'list')
    expect(accounts.map(({ messages }) => messages)).toEqual([1, 1, 1])
    await rm(join(at('ann'), 'cur/2.link:2,'))
    await rm(join(at('bob'), '.Old'), { recursive: true })
    expect(await bring()).toMatchObject({ code: 0, stderr: '' })
    expect(await bring('--verify')).toMatchObject({ code: 0, stderr: '' })
    await writeMaildir(at('cy'), '', [letter(9)])
    expect(await bring('--verify')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cy@a.test.*missing.*\n.*not as it is at the source\n$/),
    })
  })

  it('ends with 75 where a mailbox of several fails, and says what of the others did not come', async () => {
    await symlink('/etc/hostname', join(at('ann'), 'cur/2.link:2,'))
    for (const name of ['cur', 'new', 'tmp']) await rm(join(at('bob'), name), { recursive: true })
    const done = await run('maildir', at('%n'))
    expect(done.code).toBe(75)
    expect(done.stderr).toContain(`bob@a.test: ${at('bob')} is no Maildir`)
    expect(done.stderr).toMatch(
      /1 mailbox is not whole; the same command tries again, and of others did not come.*1 message of ann@a.test\n$/,
    )
  })
})
