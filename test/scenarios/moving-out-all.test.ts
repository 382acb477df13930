// Everything leaves, and an empty service takes it back by its own imports: domains, accounts with their passwords, aliases, access tables, mail.

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { testCredentials } from '#test/support/aws/signature.ts'
import { commandLine } from '#test/support/command-line.ts'
import { startFauxqs } from '#test/support/emulators/fauxqs.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seenByImap } from '#test/support/mailbox-over-wire.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const password = 'secretword'
const settings = ['disablePlaintextAuth=loopback-allowed']
const people = ['ann@a.test', 'ben@xn--bcher-kva.test']

describe('a service that moves out', () => {
  let resources: AsyncDisposableStack
  let data: string
  let out: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder()).path
    data = join(folder, 'data')
    out = join(folder, 'out')
  })
  afterEach(() => resources.disposeAsync())

  async function run(words: readonly string[], input = '', folder = data) {
    const ended = await commandLine([...words, '--data', folder], { input })
    expect(ended, `${words.join(' ')}: ${ended.stderr}`).toMatchObject({ code: 0 })
    return ended
  }
  const listed = async (what: string, folder = data) =>
    JSON.parse((await run([...what.split(' '), 'list', '--json'], '', folder)).stdout)

  async function fill(): Promise<void> {
    await run(['domain', 'import', '-'], 'a.test\nb\u00fccher.test\n')
    const rows = people.map((one) => `${one},${password},${one === people[0] ? '2GB' : ''},yes\n`)
    const others = '=cat@a.test,other word,unlimited,no\n'
    const heading = 'address,password,quota,enabled\n'
    await run(['account', 'import', '-'], heading + rows.join('') + others)
    await run(['alias', 'add', 'info@a.test', 'ann@a.test,x@elsewhere.test'])
    await run(['alias', 'add', '@a.test', 'ann@a.test'])
    await run(['access', 'set', 'clients', '192.0.2.0/24', 'REJECT', 'go', 'away'])
    await run(['access', 'set', 'clients', 'example.net', 'OK'])
    await run(['setting', 'set', 'minimalBackoffTime', '10m'])
    await run(['sieve', 'put', 'site', 'before', '-'], 'keep;')
    await run(['domain', 'limit', 'a.test', '--accounts', '7', '--quota', '5GB'])
    await run(['account', 'set', people[1] ?? '', '--name', 'Ben of the Books'])
    await run(['account', 'forward', people[1] ?? '', '--to', 'x@elsewhere.test', '--keep'])
    await run(['account', 'freeze', people[1] ?? '', '--reason', 'a test'])
    await run(['srs', 'rotate'])
    await run(['srs', 'rotate'])
  }

  async function deliver(server: ServerProcess): Promise<void> {
    for (const login of people) {
      const client = await ImapClient.connect(server.ports.imap)
      await client.ok(`LOGIN ${login} ${password}`)
      await client.ok('CREATE Work/2024')
      for (const folder of ['INBOX', 'Work/2024']) {
        const text = `Subject: to ${login}\r\n\r\nin ${folder}\r\n`
        await client.ok(`APPEND ${folder} (\\Seen $X) {${text.length}}`, `${text}\r\n`)
      }
      client.close()
    }
    await run(['acl', 'set', people[0] ?? '', 'Work/2024', people[1] ?? '', 'lrs'])
    await run(['acl', 'set', people[0] ?? '', 'INBOX', 'anyone', 'lr'])
  }

  /** What `import service` is to bring, as somebody sees it. */
  const seen = async (folder: string) => ({
    grants: JSON.parse((await run(['acl', 'show', people[0] ?? '', '--json'], '', folder)).stdout),
    domain: await shown(['domain', 'show', 'a.test'], ['limits'], folder),
    ben: await shown(['account', 'show', people[1] ?? ''], ['displayName', 'forward'], folder),
    interval: await shown(['setting', 'show', 'minimalBackoffTime'], ['value'], folder),
  })
  async function shown(words: readonly string[], names: readonly string[], folder: string) {
    const facts = JSON.parse((await run([...words, '--json'], '', folder)).stdout)
    return Object.fromEntries(names.map((name) => [name, facts[name]]))
  }
  const isKey = (name: string) => name.startsWith('dkim/')
  const secretsIn = async (folder: string) => {
    const names = await readdir(folder, { recursive: true })
    const wanted = names.filter((name) => /^(srs-secrets|app-passwords|dkim\/.*private)/.test(name))
    const texts = await Promise.all(wanted.map((name) => readFile(join(folder, name), 'utf8')))
    return Object.fromEntries(wanted.map((name, i) => [name, texts[i]]))
  }

  it('is the same where all is imported again', async () => {
    await fill()
    const server = resources.use(await startServer(data, await freePorts(), settings))
    await deliver(server)
    const made = JSON.parse(
      (
        await run([
          ...['account', 'app-password', 'add', people[0] ?? '', '--name', 'phone', '--json'],
          ...['--for', 'imap'],
        ])
      ).stdout,
    )
    await run(['dkim', 'list', 'a.test'])
    await run(['export', 'all', '--to', out, '--with-secrets'])
    await run(['export', 'all', '--to', out, '--verify'])
    const second = JSON.parse(
      (await run(['export', 'all', '--to', out, '--with-secrets', '--json'])).stdout,
    )
    expect(second.mailboxes.map(({ written }: { written: number }) => written)).toEqual([0, 0, 0])
    expect(JSON.parse(await readFile(join(out, 'settings.json'), 'utf8'))).toMatchObject({
      minimalBackoffTime: '10m',
    })
    expect(await readFile(join(out, 'sieve', 'before.sieve'), 'utf8')).toBe('keep;')
    expect((await stat(join(out, 'accounts.csv'))).mode & 0o777).toBe(0o600)

    const back = join(out, '..', 'back')
    await run(['domain', 'import', join(out, 'domains.csv')], '', back)
    await run(['account', 'import', join(out, 'accounts.csv')], '', back)
    await run(['alias', 'import', join(out, 'aliases.csv')], '', back)
    await run(['access', 'import', 'clients', join(out, 'access', 'clients')], '', back)
    await run(['import', 'maildir', join(out, 'mail', '%d', '%n')], '', back)
    const again = async () =>
      JSON.parse((await run(['import', 'service', out, '--json'], '', back)).stdout)
    const brought = await again()
    expect(brought).toMatchObject({
      domain: { added: 1, unchanged: 1, refused: 0 },
      account: { added: 1, unchanged: 2, refused: 0 },
      grant: { added: 2, refused: 0 },
      setting: { added: 1, refused: 0 },
      'app-password': { added: 1, refused: 0 },
      'srs-secret': { added: 1, refused: 0 },
    })
    expect(brought['signing-key'].added).toBeGreaterThan(0)
    expect(await seen(back)).toEqual(await seen(data))
    for (const { added, refused } of Object.values<{ added: number; refused: number }>(
      await again(),
    )) {
      expect([added, refused]).toEqual([0, 0])
    }
    const outAgain = join(out, '..', 'out-again')
    await run(['export', 'all', '--to', outAgain, '--with-secrets'], '', back)
    const [first, second2] = [await secretsIn(out), await secretsIn(outAgain)]
    expect(second2).toEqual(first)
    expect(Object.values(first)).not.toContain('')
    expect(Object.keys(first).filter(isKey).length).toBeGreaterThan(0)
    for (const what of ['alias', 'access', 'domain', 'account']) {
      const strip = (rows: readonly Record<string, unknown>[]) =>
        rows.map(({ id, createdMs, created, frozen, ...row }) => ({
          ...row,
          frozen: Object(frozen).reason,
        }))
      expect(strip(await listed(what, back)), what).toEqual(strip(await listed(what)))
    }
    const entries = async (folder: string) =>
      JSON.parse((await run(['access', 'list', 'clients', '--json'], '', folder)).stdout)
    expect(await entries(back)).toEqual(await entries(data))
    const other = resources.use(await startServer(back, await freePorts(), settings))
    for (const login of people) {
      const [there, here] = await Promise.all(
        [other, server].map(({ ports }) => seenByImap({ port: ports.imap, login, password })),
      )
      expect(there).toEqual(here)
      expect(Object.keys(here ?? {})).toEqual(expect.arrayContaining(['INBOX', 'Work/2024']))
    }
    const phone = await ImapClient.connect(other.ports.imap)
    await phone.ok(`LOGIN ${people[0]} ${made.password}`)
    phone.close()
    // What is not asked for any more is not left.
    await run(['export', 'all', '--to', out])
    expect(await secretsIn(out)).toEqual({})
  }, 120_000)

  it('leaves its secrets where they are, unless they are asked for', async () => {
    await fill()
    await run(['export', 'all', '--to', out])
    const names = (await readdir(out, { recursive: true, withFileTypes: true })).filter((one) =>
      one.isFile(),
    )
    const texts = await Promise.all(
      names.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
    )
    expect(texts.join('\n')).not.toMatch(/\$2[aby]?\$|\$argon2|\$6\$|\$y\$|BEGIN|SCRAM-SHA/)
    expect(await readFile(join(out, 'accounts.csv'), 'utf8')).toContain('ann@a.test,*,')
    const audit = JSON.parse((await run(['audit', 'list', '--json'])).stdout)
    expect(JSON.stringify(audit)).toContain('directory-export')
    expect(JSON.stringify(audit)).toContain('mail-export')
  }, 60_000)

  it('goes into a bucket, and comes back from there by a program that knows no times', async () => {
    await fill()
    const server = resources.use(await startServer(data, await freePorts(), settings))
    await deliver(server)
    const s3 = await startFauxqs()
    resources.defer(() => s3.stop())
    const environment = {
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ACCESS_KEY_ID: testCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: testCredentials.secretAccessKey,
    }
    const to = ['--to', 's3://leaving/all', '--region', 'eu-west-1']
    const out3 = (...words: readonly string[]) =>
      commandLine(['export', ...words, ...to, '--data', data], { environment })
    const without = await out3('all')
    expect(without).toMatchObject({ code: 73 })
    expect(without.stderr).toContain('s3://leaving: NoSuchBucket')
    s3.s3.createBucket('leaving')
    const ended = await out3('all', '--with-secrets', '--json')
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(await out3('all', '--verify')).toMatchObject({ code: 0 })
    const others = await out3('mbox', '--account', people[0] ?? '')
    expect(others, others.stderr).toMatchObject({ code: 0 })

    const back = join(out, '..', 'back')
    for (const { key, body } of s3.s3.listObjects('leaving', { prefix: 'all/' }).objects) {
      const path = join(out, key.slice('all/'.length))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, body)
    }
    await run(['domain', 'import', join(out, 'domains.csv')], '', back)
    await run(['account', 'import', join(out, 'accounts.csv')], '', back)
    await run(['import', 'maildir', join(out, 'mail', '%d', '%n')], '', back)
    await run(['import', 'service', out], '', back)
    const other = resources.use(await startServer(back, await freePorts(), settings))
    for (const login of people) {
      const [there, here] = await Promise.all(
        [other, server].map(({ ports }) => seenByImap({ port: ports.imap, login, password })),
      )
      expect(there).toEqual(here)
    }
  }, 120_000)

  it.skipIf(!isInstalled('unzip'))(
    'may also be taken as zips, account by account',
    async () => {
      await fill()
      const server = resources.use(await startServer(data, await freePorts(), settings))
      await deliver(server)
      const [ann = ''] = people
      const zip = join(out, '..', 'ann.zip')
      for (const more of [[], ['--mbox']]) {
        await run(['export', 'zip', '--account', ann, '--to', zip, ...more])
        expect(await runProgram('unzip', ['-tq', zip])).toMatchObject({ code: 0 })
        const { stdout } = await runProgram('unzip', ['-Z1', zip])
        const name = more.length === 0 ? '.Work.2024/dovecot-uidlist' : 'Work.sbd/2024'
        expect(stdout.split('\n')).toContain(name)
      }
      const audit: { operation: string; object: string }[] = JSON.parse(
        (await run(['audit', 'list', '--json'])).stdout,
      )
      expect(audit).toContainEqual(
        expect.objectContaining({ operation: 'export zip', object: `accounts/${ann}` }),
      )
      const failing = async (...words: readonly string[]) =>
        commandLine(['export', ...words, '--data', data])
      expect(await failing('zip', '--account', 'none@a.test', '--to', zip)).toMatchObject({
        code: 67,
      })
      // What was there is there.
      expect(await runProgram('unzip', ['-tq', zip])).toMatchObject({ code: 0 })
      const nowhere = await failing('zip', '--account', ann, '--to', join(out, 'no', 'where.zip'))
      expect(nowhere).toMatchObject({ code: 73 })
      expect(nowhere.stderr).toContain('cannot write')
      const bucket = await failing('all', '--to', 's3:///x')
      expect(bucket).toMatchObject({ code: 64 })
      for (const more of [[], ['--mbox']]) {
        await run(['export', 'zip', '--account', ann, '--to', zip, ...more])
        const { stdout } = await run([
          ...['export', 'zip', '--account', ann, '--to', zip, ...more, '--verify', '--json'],
        ])
        const found: { compared: number; equal: number }[] = JSON.parse(stdout).folders
        expect(found.reduce((sum, { equal }) => sum + equal, 0)).toBe(2)
      }
      const other = await failing(
        'zip',
        '--account',
        people[1] ?? '',
        '--to',
        zip,
        '--mbox',
        '--verify',
      )
      expect(other).toMatchObject({ code: 73 })
      expect(other.stderr).toContain('an export of ann@a.test is there')
      const far = await commandLine([
        ...['export', 'mbox', '--account', ann, '--to', out, '--folder', 'Nothing', '--data', data],
      ])
      expect(far).toMatchObject({ code: 0 })
      expect((await readdir(out)).toSorted()).toEqual(['.postwolke-export.json', '.subscriptions'])
    },
    60_000,
  )
})
