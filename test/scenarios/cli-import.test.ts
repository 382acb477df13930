// Domains, accounts and aliases from files, in one process, beside a server that runs or not.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { cryptVectors } from '#test/unit/shared/auth/crypt-vectors.ts'

const [[, hash] = ['', '']] = cryptVectors
let resources: AsyncDisposableStack
let folder: string

beforeEach(async () => {
  resources = new AsyncDisposableStack()
  folder = resources.use(await temporaryFolder()).path
  await imported('domain', 'a.test\n')
})
afterEach(() => resources.disposeAsync())

const run = (line: string, input = '') =>
  commandLine([...line.split(' '), '--data', folder], { input })

async function imported(what: string, input: string, options = ''): Promise<string> {
  const ended = await run(`${what} import -${options}`, input)
  expect({ input, ...ended }).toMatchObject({ code: 0, stderr: '' })
  return ended.stdout
}

async function list(what: string): Promise<readonly Record<string, unknown>[]> {
  return JSON.parse((await run(`${what} list --json`)).stdout)
}

const shown = async (address: string) =>
  JSON.parse((await run(`account show ${address} --json`)).stdout)

describe('domain import', () => {
  it('takes a domain a line, and those that are there again', async () => {
    const text = '# from virtual_mailbox_domains\n\nb.test OK\nBücher.test\r\na.test\n'
    expect(await imported('domain', text)).toBe('2 domains added, 0 changed, 1 as they were\n')
    expect((await list('domain')).map(({ domain }) => domain)).toEqual([
      'a.test',
      'b.test',
      'xn--bcher-kva.test',
    ])
    expect(await imported('domain', text)).toBe('0 domains added, 0 changed, 3 as they were\n')
  })
})

describe('account import', () => {
  it("takes a passwd-file of Dovecot's, with its quotas", async () => {
    const file = join(folder, 'users')
    const lines = [
      '# users',
      `Ann@a.test:{CRYPT}${hash}:5000:5000:Ann:/home/ann::userdb_quota_rule=*:storage=2G userdb_x=y`,
      `ben@a.test:${hash}`,
      'cat@a.test:*:::::: userdb_quota_storage_size=512M',
    ]
    await writeFile(file, `\ufeff${lines.join('\r\n')}\r\n`)
    const first = await run(`account import ${file}`)
    expect(first).toEqual({
      code: 0,
      stdout: '3 accounts added, 0 changed, 0 as they were\n',
      stderr: '',
    })
    expect(await shown('ann@a.test')).toMatchObject({
      quotaBytes: 2 * 1024 ** 3,
      folders: expect.arrayContaining([expect.objectContaining({ path: 'INBOX' })]),
    })
    expect(await shown('cat@a.test')).toMatchObject({
      quotaBytes: 512 * 1024 ** 2,
      passwordScheme: 'none (no login)',
    })
    expect((await list('domain'))[0]).toMatchObject({ accounts: 3 })
  })

  it('takes CSV with passwords', async () => {
    const text = [
      'address;password;quota;enabled',
      'ann@a.test;"a ""b""; c";500MB;yes',
      'ben@a.test;another one;unlimited;no',
      'cat@a.test;the third',
    ].join('\n')
    expect(await imported('account', text)).toContain('3 accounts added')
    expect(await shown('ben@a.test')).toMatchObject({ enabled: false, passwordScheme: 'argon2id' })
    expect(await list('account')).toMatchObject([
      { address: 'ann@a.test', quotaBytes: 500 * 1024 ** 2, enabled: true },
      { address: 'ben@a.test', quotaBytes: 0 },
      { address: 'cat@a.test', quotaBytes: 200 * 1024 ** 2 },
    ])
  })

  it('may be run again, and changes only what it is told to', async () => {
    const line = `ann@a.test:${hash}:::::: userdb_quota_rule=*:storage=1G\n`
    await imported('account', line)
    expect(await imported('account', line)).toBe('0 accounts added, 0 changed, 1 as they were\n')
    // A login has renewed the hash meanwhile.
    await run('account set ann@a.test --password-stdin', 'a secret')
    expect(await imported('account', line)).toBe('0 accounts added, 0 changed, 1 as they were\n')
    expect(await shown('ann@a.test')).toMatchObject({ passwordScheme: 'argon2id' })

    const both = `${line.replace('1G', '3G')}ben@a.test:${hash}\n`
    expect(await run('account import -', both)).toEqual({
      code: 65,
      stdout: '1 account added, 0 changed, 0 as they were\n',
      stderr:
        'postwolke: line 1: ann@a.test is there and differs; --update makes it as the file says\n' +
        'postwolke: 1 line was not imported; everything else is\n',
    })
    const updated = await imported('account', both, ' --update')
    expect(updated).toBe('0 accounts added, 1 changed, 1 as they were\n')
    expect(await shown('ann@a.test')).toMatchObject({ quotaBytes: 3 * 1024 ** 3 })
    expect((await shown('ann@a.test')).passwordScheme).not.toBe('argon2id')
  })

  it('does nothing when a line is wrong, and names them all', async () => {
    const text = [
      `ann@a.test:${hash}`,
      'nonsense',
      'ben@a.test:{WHAT}x',
      `x@b.test:${hash}`,
      `y@b.test:${hash}`,
      `Ann@A.test:${hash}`,
      'cat@a.test:',
    ].join('\n')
    const { code, stdout, stderr } = await run('account import -', text)
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' })
    expect(stderr.trimEnd().split('\n')).toEqual([
      'postwolke: line 2: no address:hash, and the file has no heading such as address,password',
      expect.stringMatching(/^postwolke: line 3: WHAT is not one that can be verified/),
      "postwolke: line 4: no domain b.test; 'postwolke domain add b.test' makes it",
      'postwolke: line 6: ann@a.test is in line 1 already',
      'postwolke: line 7: no address:hash, and the file has no heading such as address,password',
      'postwolke: nothing was imported',
    ])
    expect(await list('account')).toEqual([])
  })

  it.each([
    ['address,password,quota\nann@a.test,a secret,10', /line 2: quota 10 is 10 bytes; write 10MB/],
    ['address,password,enabled\nann@a.test,a secret,perhaps', /line 2: enabled is yes or no/],
    ['address,password,password_hash\nann@a.test,x,y', /line 2: give a password or its hash/],
    ['address,secret\nann@a.test,x', /line 1: no column 'secret'; there are address, /],
    ['address,password\nann@a.test,\n', /line 2: no password and no hash/],
    ['address,password\nann@a.test,7 chars', /line 2: the password has fewer than 8 characters/],
  ])('says what is wrong with %j', async (text, expected) => {
    const { code, stderr } = await run('account import -', text)
    expect({ code, stderr }).toEqual({ code: 65, stderr: expect.stringMatching(expected) })
    expect(await list('account')).toEqual([])
  })

  it('only checks when it is asked to', async () => {
    expect(await imported('account', `ann@a.test:${hash}\n`, ' --dry-run')).toBe(
      '1 account would be added, 0 changed, 0 as they were\n',
    )
    expect(await list('account')).toEqual([])
    const { stderr } = await run('account import /no/file')
    expect(stderr).toMatch(/cannot read the file: .*\/no\/file/)
  })

  it('adds a thousand, each with its folders', async () => {
    const text = Array.from({ length: 1_000 }, (_, i) => `user${i}@a.test:${hash}\n`).join('')
    expect(await imported('account', text)).toContain('1000 accounts added')
    expect((await list('domain'))[0]).toMatchObject({ accounts: 1_000 })
    expect((await shown('user999@a.test')).folders).toHaveLength(6)
  })
})

describe('alias import', () => {
  it('takes virtual(5) and aliases(5), with lines that go on, and CSV', async () => {
    await imported('account', `ann@a.test:${hash}\n`)
    const text = [
      'info@a.test  ann@a.test,',
      '  far@away.test',
      '# comment',
      'Sales@a.test: ann@a.test',
      '@a.test\tann@a.test',
      '"odd one"@a.test ann@a.test',
    ].join('\n')
    expect(await imported('alias', text)).toBe('4 aliases added, 0 changed, 0 as they were\n')
    expect(await list('alias')).toEqual([
      { alias: 'info@a.test', targets: ['ann@a.test', 'far@away.test'] },
      { alias: '"odd one"@a.test', targets: ['ann@a.test'] },
      { alias: 'sales@a.test', targets: ['ann@a.test'] },
      { alias: '@a.test', targets: ['ann@a.test'] },
    ])
    expect((await list('domain'))[0]).toMatchObject({ accounts: 1, aliases: 4 })
    const csv = 'alias,targets\ninfo@a.test,"far@away.test, ann@a.test"\nnew@a.test,ann@a.test\n'
    expect(await imported('alias', csv)).toBe('1 alias added, 0 changed, 1 as they were\n')
  })

  it('names what differs, and changes it with --update', async () => {
    await imported('alias', 'info@a.test far@away.test\n')
    const text = 'info@a.test other@away.test\n'
    const refused = await run('alias import -', text)
    expect(refused).toMatchObject({ code: 65, stderr: expect.stringContaining('line 1: info@a') })
    expect(await imported('alias', text, ' --update')).toContain('0 aliases added, 1 changed')
    expect(await list('alias')).toEqual([{ alias: 'info@a.test', targets: ['other@away.test'] }])
  })

  it('does nothing when a line is wrong', async () => {
    const text = 'info@a.test far@away.test\nx@a.test |/bin/cat\ny@b.test z@a.test\nz@a.test\n'
    const { code, stderr } = await run('alias import -', text)
    expect(code).toBe(65)
    expect(stderr).toMatch(/line 2: '\|\/bin\/cat' is not a mail address/)
    expect(stderr).toMatch(/line 3: no domain b\.test/)
    expect(stderr).toMatch(/line 4: z@a\.test has 0 targets/)
    expect(await list('alias')).toEqual([])
  })

  it('warns of what leads nowhere once all are there', async () => {
    const text = 'a@a.test b@a.test\nb@a.test c@a.test\nc@a.test a@a.test\nd@a.test far@away.test\n'
    const { code, stderr } = await run('alias import -', text)
    expect(code).toBe(0)
    expect(stderr.trimEnd().split('\n')).toEqual(
      ['a', 'b', 'c'].map(
        (name) =>
          `postwolke: warning: mail to ${name}@a.test fails: ${name}@a.test (its aliases lead back to themselves)`,
      ),
    )
  })
})
