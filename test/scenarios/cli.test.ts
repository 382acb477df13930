// The `postwolke` command as an administrator meets it: what each command prints, for people and as JSON, and the one line
// that says what was wrong.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { commandLine } from '#test/support/command-line.ts'
import { runProgram } from '#test/support/program.ts'
import { freePorts, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const cli = fileURLToPath(new URL('../../services/cli/', import.meta.url))

describe('postwolke', () => {
  it('lists the commands when it is told nothing, and fails', async () => {
    const { code, stderr } = await commandLine([])
    expect(code).toBe(64)
    expect(stderr).toContain('queue list|show|hold|release|expire|delete|flush|cat|top|stats')
  })

  it.each([
    [['--help'], 'account add|list|show|set|remove|empty'],
    [['queue', '--help'], 'release [queue-id...]'],
    [['account', 'add', '--help'], '--password-stdin'],
    [['serve', '--help'], '--set <key=value>'],
    [['config', 'show', '--help'], '--changed'],
    [['help'], 'account add|list|show|set|remove|empty'],
    [['help', 'queue'], 'release [queue-id...]'],
    [['help', 'account', 'add'], '--password-stdin'],
    [['account', 'help'], 'remove <address>'],
    [['account', 'help', 'add'], '--password-stdin'],
  ])('explains %j', async (words, expected) => {
    const { code, stdout } = await commandLine(words)
    expect(code).toBe(0)
    expect(stdout).toContain(expected)
  })

  it('tells its version, and is found by npx', async () => {
    const { version } = JSON.parse(await readFile(join(cli, '../../package.json'), 'utf8'))
    const ended = await runProgram(process.execPath, [join(cli, 'postwolke.mjs'), '--version'])
    expect(ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('is quiet when nobody reads on', async () => {
    const command = `"${process.execPath}" "${join(cli, 'postwolke.mjs')}" config show | true`
    expect(await runProgram('sh', ['-c', command])).toMatchObject({ stderr: '' })
  })
})

describe.each([
  ['without a server', false],
  ['beside a running server', true],
])('commands %s', (_, running) => {
  const resources = new AsyncDisposableStack()
  let folder: string

  beforeAll(async () => {
    folder = join(resources.use(await temporaryFolder()).path, 'data')
    if (!running) return
    const server = await startServer(folder, await freePorts())
    resources.defer(async () => void (await server.end('SIGTERM')))
  })
  afterAll(() => resources.disposeAsync())

  /** What a command prints when all is well. */
  async function printed(line: string, input = ''): Promise<string> {
    const words = [...line.split(' '), '--data', folder]
    const { code, stdout, stderr } = await commandLine(words, { input })
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' })
    return stdout
  }
  const data = async (line: string, input?: string) =>
    JSON.parse(await printed(`${line} --json`, input))

  it('work on domains', async () => {
    expect(await printed('domain add a.test --postmaster ann@a.test')).toBe(
      "domain a.test added\n'postwolke domain dns a.test' shows what to publish in the DNS.\n",
    )
    expect(await printed('domain add Bücher.test')).toMatch(/^domain xn--bcher-kva\.test added\n/)
    const json = await data('domain list')
    expect(json).toContainEqual(
      expect.objectContaining({ domain: 'a.test', accounts: 0, aliases: 1 }),
    )
    expect(await printed('domain list')).toMatch(
      /^DOMAIN +ACCOUNTS +ALIASES\na\.test +0 +1\n[\s\S]*bücher\.test +0 +0\n/,
    )
    expect(await data('domain show a.test')).toMatchObject({ aliasNames: ['postmaster@a.test'] })
    expect(await printed('domain show a.test')).toContain('aliases   postmaster@a.test\n')
    expect(await data('domain remove bücher.test')).toEqual({ removed: 'xn--bcher-kva.test' })
  })

  it('work on accounts', async () => {
    const add = 'account add ann@a.test --password-stdin --quota 5MB'
    expect(await printed(add, 'a secret\n')).toBe('account ann@a.test added\n')
    expect(await data('account add ben@a.test --disabled --password-stdin', 'another one')).toEqual(
      {
        address: 'ben@a.test',
      },
    )
    const listed = await printed('account list a.test')
    expect(listed).toMatch(
      /^ADDRESS +ENABLED +USED +QUOTA +MESSAGES\nann@a\.test +yes +0 B +5\.0 MB +0\nben@a\.test +no /,
    )
    expect(await data('account list a.test')).toHaveLength(2)
    expect(await data('account show ann@a.test')).toMatchObject({
      address: 'ann@a.test',
      quotaBytes: 5 * 1024 ** 2,
      passwordScheme: 'argon2id',
      folders: expect.arrayContaining([expect.objectContaining({ name: 'INBOX', exists: 0 })]),
    })
    expect(await printed('account set ben@a.test --enable --quota default')).toBe(
      'account ben@a.test changed\n',
    )
    expect(await printed('account show ben@a.test')).toMatch(
      /^account {3}ben@a\.test\ncreated .*\npassword {2}argon2id\nused {6}0 B of 200\.0 MB \(mailboxSizeLimit\)\n\nFOLDER .*\nINBOX /,
    )
    expect(await printed('account freeze ben@a.test --reason phished')).toBe(
      'account ben@a.test frozen, 0 messages held\n',
    )
    expect(await printed('account show ben@a.test')).toMatch(/\nfrozen {4}since .*: phished\n/)
    expect(await printed('account list a.test')).toMatch(/^ben@a\.test +frozen /m)
    expect(await data('account show ben@a.test')).toMatchObject({ frozen: { reason: 'phished' } })
    expect(await printed('account unfreeze ben@a.test --release')).toBe(
      'account ben@a.test sends again, 0 messages released\n',
    )
    expect(await printed('account empty ben@a.test')).toBe('0 messages of ben@a.test deleted\n')
    expect(await data('account remove ben@a.test')).toEqual({ removed: 'ben@a.test', messages: 0 })
  })

  it('work on rights in folders', async () => {
    await printed('account add cle@a.test --shared --password-stdin', 'a secret')
    expect(await printed('account show cle@a.test')).toMatch(/^account {3}cle@a\.test \(shared\)\n/)
    expect(await printed('acl set cle@a.test INBOX Ann@a.test lrsw')).toBe(
      'Ann@a.test has lrsw in INBOX of cle@a.test\n',
    )
    await printed('acl set cle@a.test Sent anyone lrd')
    expect(await printed('acl show cle@a.test')).toBe(
      'FOLDER  WHO         RIGHTS\nINBOX   ann@a.test  lrsw\nSent    anyone      lrted\n',
    )
    expect(await data('acl show cle@a.test Sent')).toEqual([
      { folder: 'Sent', identifier: 'anyone', rights: 'lrted' },
    ])
    expect(await printed('acl remove cle@a.test Sent anyone')).toBe(
      'anyone has no entry in Sent of cle@a.test\n',
    )
    expect(await data('acl show cle@a.test Sent')).toEqual([])
    await printed('account set cle@a.test --no-shared')
    expect(await data('account show cle@a.test')).toMatchObject({ shared: false })
    await printed('account remove cle@a.test')
  })

  it('work on aliases', async () => {
    expect(await printed('alias add info@a.test ann@a.test else@where.test')).toBe(
      'info@a.test -> ann@a.test else@where.test\n',
    )
    expect(await data('alias add @a.test info@a.test')).toEqual({
      alias: '@a.test',
      targets: ['info@a.test'],
    })
    expect(await data('alias show @a.test')).toMatchObject({
      accounts: ['ann@a.test'],
      elsewhere: ['else@where.test'],
      nowhere: [],
    })
    expect(await printed('alias set info@a.test nobody@gone.test')).toContain('nobody@gone.test')
    expect(await data('alias list a.test')).toHaveLength(3)
    expect(await printed('alias list')).toMatch(/^ALIAS +TARGETS\n[\s\S]*^@a\.test +info@a\.test$/m)
    expect(await printed('alias remove @a.test')).toBe('alias @a.test removed\n')
  })

  it('work on the queue', async () => {
    expect(await printed('queue list')).toBe('the queue is empty\n')
    expect(await data('queue list')).toEqual([])
    expect(await printed('queue flush')).toBe('trying 0 deferred messages again\n')
  })

  it('remove a domain with all that is in it when forced', async () => {
    expect(await printed('domain remove a.test --force')).toBe(
      'domain a.test removed with 1 account, 2 aliases and 0 messages\n',
    )
    expect(await data('account list')).toHaveLength(running ? 2 : 0)
  })
})

describe('a command that cannot do what it was told', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  const run = (line: string) => commandLine([...line.split(' '), '--data', folder])

  beforeAll(async () => {
    folder = resources.use(await temporaryFolder()).path
    await run('domain add a.test')
    await run('account add ann@a.test --password-hash 9J4sZ/8wapFiA')
    await run('alias add info@a.test ann@a.test')
  })
  afterAll(() => resources.disposeAsync())

  it.each([
    ['bogus', /unknown command 'bogus'/],
    ['help bogus', /unknown command 'bogus'/],
    ['account bogus', /unknown command 'bogus'/],
    ['account list --bogus', /unknown option '--bogus'/],
    ['account add', /missing required argument 'address'/],
    ['account add ben@a.test', /--password-stdin/],
    ['account add ben@a.test --password-stdin', /password .* one line/],
    [
      'account add ben@a.test --password-hash nonsense',
      /not one that can be verified; known: .*\$y\$/,
    ],
    [
      `account add ben@a.test --password-hash $6$rounds=999999$salt$${'a'.repeat(86)}`,
      /sha-crypt with 999999 rounds \(250000 at most\) would keep others waiting/,
    ],
    ['account add ben@a.test --password-stdin --hash-stdin', /give one password, or one hash/],
    ['account add ben@a.test --hash-stdin', /not one that can be verified/],
    ['account add ben@a.test --hash-file /no/hash', /cannot read the hash: .*\/no\/hash/],
    ['account add nonsense --password-hash 9J4sZ/8wapFiA', /'nonsense' is not a mail address/],
    [
      'account add ben@b.test --password-hash 9J4sZ/8wapFiA',
      /no domain b\.test.*domain add b\.test/,
    ],
    ['account add ann@a.test --password-hash 9J4sZ/8wapFiA', /account ann@a\.test exists already/],
    [
      'account add ben@a.test --password-hash 9J4sZ/8wapFiA --quota 5ZB',
      /--quota cannot be '5ZB'; allowed: .*MB/,
    ],
    ['account list b_d..test', /'b_d\.\.test' is not a domain name/],
    ['account list b.test', /no domain b\.test/],
    ['alias list b.test', /no domain b\.test/],
    ['account show ben@a.test', /no account ben@a\.test/],
    ['account set ben@a.test --disable', /no account ben@a\.test/],
    ['acl set ann@a.test INBOX who@a.test lr', /no account who@a\.test/],
    ['acl set ann@a.test Nope ann@a.test lr', /ann@a\.test has no folder Nope/],
    ['acl set ann@a.test INBOX ann@a.test lr', /ann@a\.test has all rights/],
    ['acl set ann@a.test INBOX anyone lq', /'lq' are no rights/],
    ['acl show who@a.test', /no account who@a\.test/],
    ['account set ann@a.test', /nothing to change: give --password-stdin/],
    ['account set ann@a.test --enable --disable', /--enable and --disable exclude each other/],
    ['account empty ben@a.test', /no account ben@a\.test/],
    ['account remove ben@a.test', /no account ben@a\.test/],
    ['account add ann --password-hash !', /'ann' is not a mail address; defaultDomain names/],
    ['domain add not..a.domain', /'not\.\.a\.domain' is not a domain name/],
    ['domain add a.test', /domain a\.test exists already/],
    ['domain show b.test', /no domain b\.test/],
    ['domain remove b.test', /no domain b\.test/],
    ['domain remove a.test', /a\.test still has addresses \(accounts: 1, aliases: 1\); --force/],
    ['alias add info@a.test x@y.test', /alias info@a\.test exists already/],
    ['alias add x@b.test x@y.test', /domain of x@b\.test is not one of ours/],
    ['alias add x@a.test nonsense', /'nonsense' is not a mail address/],
    ['alias add x@a.test |/bin/cat', /'\|\/bin\/cat' is not a mail address: .*not to programs/],
    ['alias add x@a.test y@a.test,"|/bin/cat"@a.test', /is not a mail address: .*programs, files/],
    ['alias add x@a.test /var/mail/x', /is not a mail address: .*programs, files/],
    ['alias set info@a.test :include:/etc/list', /is not a mail address: .*included lists/],
    ['alias add x@a.test ,', /an alias has 1 to 1000 targets/],
    [
      'account add ben@a.test --password-hash 9J4sZ/8wapFiA --quota 10',
      /--quota 10 is 10 bytes; write 10MB, or 10B if that is meant/,
    ],
    ['account set ann@a.test --quota 1048575', /--quota 1048575 is 1048575 bytes/],
    ['account set ann@a.test --password', /--password asks at a terminal; --password-stdin/],
    ['account forward ann@a.test', /--to or --off is needed/],
    ['account forward ann@a.test --to x@y.test --off', /--to or --off is needed/],
    ['account forward x@a.test --to x@y.test', /no account x@a\.test/],
    ['account forward ann@a.test --to nonsense', /'nonsense' is not a mail address/],
    ['account forward ann@a.test --to "|/bin/cat"', /is not a mail address: .*programs/],
    ['srs show ann@a.test', /ann@a\.test is no address of srsDomain/],
    ['queue list --state held', /--state cannot be 'held'; allowed: .*deferred, hold, corrupt/],
    ['queue list --older-than 5', /--older-than cannot be '5'; allowed: a time with its unit/],
    ['alias show x@a.test', /no alias x@a\.test, no account either, and no catch-all/],
    ['alias show @a.test', /no alias @a\.test/],
    ['alias set x@a.test x@y.test', /no alias x@a\.test/],
    ['alias remove x@a.test', /no alias x@a\.test/],
    ['queue show 123', /'123' is not a queue id; 'postwolke queue list' shows them/],
    ['queue show 01M0TEXAMP1E000000', /01M0TEXAMP1E000000 is not in the queue/],
    ['queue hold 01M0TEXAMP1E000000', /01M0TEXAMP1E000000 is not in the queue/],
    ['queue release 01M0TEXAMP1E000000', /01M0TEXAMP1E000000 is not in the queue/],
    ['queue delete 01M0TEXAMP1E000000', /01M0TEXAMP1E000000 is not in the queue/],
    ['queue flush a.test --sender @b.test', /a\.test and other conditions do not go together/],
    ['config show nonsense', /no setting has 'nonsense' in its name/],
    [
      'domain list --config /nonexistent/file',
      /cannot read the configuration file: .*\/nonexistent\/file/,
    ],
    ['domain list --aws outputs.json', /--data and --aws name two mail systems/],
    [
      'domain list --set relayhost=yes',
      /relayhost cannot be 'yes' \(from --set\); allowed: \[host\]/,
    ],
    ['domain list --set relayhost=none:587', /relayhost cannot be 'none:587'/],
    ['domain list --set defaultDomain=true', /defaultDomain cannot be 'true'/],
    ['domain list --set relayhosts=x', /relayhosts is not a setting .*did you mean relayhost\?/],
  ] as const)('says why: %s', async (line, expected) => {
    const { code, stdout, stderr } = await run(line)
    expect(stdout).toBe('')
    // Of sysexits(3); failure.test.ts says which.
    expect(code).toBeGreaterThanOrEqual(64)
    expect(stderr).toMatch(/^postwolke: [^\n]+\n$/)
    expect(stderr).toMatch(expected)
  })

  it('does not take a mistyped folder for an empty mail system', async () => {
    const { code, stderr } = await commandLine(['queue', 'list', '--data', join(folder, 'typo')])
    expect(code).toBe(69)
    expect(stderr).toMatch(/^postwolke: no mail system in .*typo; [^\n]*--data[^\n]*\n$/)
  })

  it('tells by status how the folder is, also where commands go to a deployment', async () => {
    const environment = { POSTWOLKE_AWS: '/nonexistent/outputs.json', POSTWOLKE_DATA: folder }
    const { stdout, stderr } = await commandLine(['status', '--json'], { environment })
    expect(stderr).toBe('postwolke: the system does not run\n')
    expect(JSON.parse(stdout)).toMatchObject({ running: false, queue: { incoming: 0 } })
  })

  it('takes no configuration file of this machine for a deployment', async () => {
    const words = ['queue', 'list', '--aws', 'outputs.json', '--config', join(folder, 'p.toml')]
    const { code, stderr } = await commandLine(words)
    expect(code).toBe(64)
    expect(stderr).toMatch(/^postwolke: --aws brings the settings of the deployment; [^\n]*\n$/)
  })

  it('does what it can of several queue ids and names the others', async () => {
    const { code, stderr } = await run('queue hold 01M0TEXAMP1E000000 01M0TEXAMP1E000001')
    expect(code).toBe(67)
    expect(stderr.trimEnd().split('\n')).toHaveLength(2)
  })
})

describe('config', () => {
  const resources = new AsyncDisposableStack()
  let folder: string

  beforeAll(async () => {
    folder = resources.use(await temporaryFolder()).path
    await mkdir(join(folder, 'etc'))
    await writeFile(
      join(folder, 'postwolke.toml'),
      'messageSizeLimit = "25MB"\nhopcountLimit = 30\n',
    )
    await writeFile(join(folder, 'etc/other.toml'), '[listeners.smtp]\nport = 25\n')
  })
  afterAll(() => resources.disposeAsync())

  it('shows where every value came from', async () => {
    const words = ['config', 'show', '--data', folder, '--set', 'relayhost=[mx.test]:26', '--json']
    const environment = { POSTWOLKE_HOPCOUNT_LIMIT: '31', POSTWOLKE_MAILBOX_SIZE_LIMIT: '1GB' }
    const { stdout } = await commandLine(words, { environment })
    const shown: { path: string; value: string; origin: string }[] = JSON.parse(stdout)
    const by = (path: string) => shown.find((setting) => setting.path === path)
    expect(by('messageSizeLimit')).toMatchObject({
      value: '25MB',
      origin: join(folder, 'postwolke.toml'),
    })
    expect(by('hopcountLimit')).toMatchObject({
      value: '31',
      origin: 'environment variable POSTWOLKE_HOPCOUNT_LIMIT',
    })
    expect(by('mailboxSizeLimit')).toMatchObject({ value: '1GB' })
    expect(by('relayhost')).toMatchObject({ value: '[mx.test]:26', origin: '--set' })
    expect(by('smtpdTimeout')).toMatchObject({ value: '5m', origin: 'default' })
  })

  it('shows what is not at its default, and what has a word in its name', async () => {
    const show = ['config', 'show', '--config', join(folder, 'etc/other.toml')]
    const changed = await commandLine([...show, '--changed'])
    expect(changed.stdout).toMatch(
      /^SETTING +FROM +VALUE\nlisteners\.smtp\.port +\S+other\.toml +25\n$/,
    )
    const { stdout } = await commandLine([...show, 'recipient'])
    expect(stdout).toMatch(/^smtpdRecipientLimit +default +1000$/m)
    expect(stdout).not.toContain('hopcountLimit')
  })

  it.each([
    [
      'an unknown key',
      'messageSizelimit = 5',
      /^postwolke: messageSizelimit is not a setting \(from .*bad\.toml\); did you mean messageSizeLimit\?$/m,
    ],
    [
      'a bad value',
      'smtpdTimeout = "soon"',
      /^postwolke: smtpdTimeout cannot be 'soon' \(from .*bad\.toml\); allowed: a time with its unit/m,
    ],
    ['what is not TOML', 'smtpdTimeout = 5s', /^postwolke: .*bad\.toml:1:\d+ is not TOML/m],
    ['half a pair', 'tls.certificateFile = "/x.pem"', /^postwolke: .*tls\.keyFile/m],
  ])('stops the start at %s', async (_, text, expected) => {
    const config = join(folder, 'bad.toml')
    await writeFile(config, `${text}\n`)
    const words = ['serve', '--data', join(folder, 'unmade'), '--config', config]
    const { code, stderr } = await commandLine(words)
    expect(code).toBe(78)
    expect(stderr).toMatch(expected)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('tells all mistakes at once', async () => {
    const words = ['serve', '--data', folder, '--set', 'a=1', '--set', 'b']
    const { stderr } = await commandLine(words, { environment: { POSTWOLKE_LOG__LEVEL: 'loud' } })
    expect(stderr).toContain(
      "postwolke: log.level cannot be 'loud' (from environment variable POSTWOLKE_LOG__LEVEL); allowed: one of debug, info, warn, error\n",
    )
    expect(stderr).toContain('postwolke: a is not a setting (from --set)\n')
    expect(stderr).toContain("postwolke: --set wants key=value, not 'b'\n")
  })
})

describe('domain add', () => {
  it('says who is postmaster there, if anybody is', async () => {
    await using folder = await temporaryFolder()
    const run = async (line: string) =>
      (await commandLine([...line.split(' '), '--data', folder.path])).stdout
    expect(await run('domain add a.test')).toContain(
      '\nMail to postmaster@a.test is refused until ',
    )
    await run('account add ann@a.test --password-hash !')
    expect(await run('domain add b.test')).toBe(
      "domain b.test added\nMail to postmaster@b.test goes to ann@a.test.\n'postwolke domain dns b.test' shows what to publish in the DNS.\n",
    )
    const told = 'Mail to postmaster@c.test goes to x@d.test.'
    expect(await run('domain add c.test --set postmasterAddress=x@d.test')).toContain(told)
  })
})

describe('config check', () => {
  const check = async (...settings: readonly string[]) =>
    await commandLine(['config', 'check', ...settings.flatMap((one) => ['--set', one])])

  it('says what is probably not meant, and that the server starts all the same', async () => {
    await using folder = await temporaryFolder()
    const { cert, key } = makeSelfSigned('other.test', new Date('2010-01-01'))
    const certificateFile = join(folder.path, 'cert.pem')
    const keyFile = join(folder.path, 'key.pem')
    await writeFile(certificateFile, cert)
    await writeFile(keyFile, key)
    const files = [`tls.certificateFile=${certificateFile}`, `tls.keyFile=${keyFile}`]
    const { code, stdout, stderr } = await check(...files, 'hostname=mail.test', 'mynetworks=::/0')
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'the server starts with this configuration\n',
    })
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^postwolke: warning: mynetworks: anybody/),
      expect.stringMatching(/^postwolke: warning: tls\.certificateFile: .*: it expired on 20/),
      expect.stringMatching(
        /^postwolke: warning: tls\.certificateFile: .*: it is not for mail\.test/,
      ),
    ])
    const fresh = makeSelfSigned('mail.test', new Date())
    await writeFile(certificateFile, fresh.cert)
    await writeFile(keyFile, fresh.key)
    expect(await check(...files, 'hostname=mail.test')).toEqual({
      code: 0,
      stdout: 'the configuration is good\n',
      stderr: '',
    })
  })

  it.each([
    [['tls.certificateFile=/no/c', 'tls.keyFile=/no/k'], /tls\.keyFile: there is no \/no\//],
    [['hopcountLimit=x'], /hopcountLimit cannot be 'x'/],
    [['geoipDatabase=/no/countries'], /cannot use geoipDatabase/],
    [['webhook.secretFile=/no/secret'], /cannot read webhook\.secretFile/],
    [
      ['relayhost=[a.test]', 'relayhostUser=x', 'relayhostPasswordFile=/no/password'],
      /cannot read relayhostPasswordFile: there is no \/no\/password/,
    ],
    [['smtpTlsCAfile=/no/ca'], /cannot use smtpTlsCAfile: there is no \/no\/ca/],
    [['smtpdTlsCAfile=/dev/null'], /cannot use smtpdTlsCAfile: no certificate in \/dev\/null/],
    [['log.file=/no/mail.log'], /cannot open the log: there is no \/no/],
  ])('fails where the server would not start: %j', async (settings, expected) => {
    const { code, stdout, stderr } = await check(...settings)
    expect({ code, stdout, stderr }).toEqual({
      code: expect.toBeOneOf([69, 78]),
      stdout: '',
      stderr: expect.stringMatching(expected),
    })
  })
})

describe('hashes made elsewhere', () => {
  it('are read from standard input or a file', async () => {
    await using folder = await temporaryFolder()
    const run = (line: string, input: string | Uint8Array = '') =>
      commandLine([...line.split(' '), '--data', folder.path], { input })
    const schemes = async () => {
      const { stdout } = await run('account list --json')
      const rows: { address: string; passwordScheme: string }[] = JSON.parse(stdout)
      return rows.map((row) => `${row.address} ${row.passwordScheme}`).sort()
    }
    await run('domain add a.test')
    const file = join(folder.path, 'hash')
    await writeFile(file, '$y$j9T$saltsalt$0ZRt7zd0gn9pQsq3yDeuwj9hFSoqeo/y42wyzM0m.d0\n')
    expect(await run(`account add yes@a.test --hash-file ${file}`)).toMatchObject({ code: 0 })
    expect(await run('account add off@a.test --hash-stdin', '!\n')).toMatchObject({ code: 0 })
    expect(await run('account add old@a.test --hash-stdin', '{PLAIN}a word\r\n')).toMatchObject({
      code: 0,
    })
    expect(await schemes()).toEqual([
      'off@a.test none (no login)',
      'old@a.test plain',
      'yes@a.test yescrypt',
    ])
    expect(await run('account set off@a.test --hash-file', '')).toMatchObject({ code: 64 })
    expect(await run(`account set off@a.test --hash-file ${file}`)).toMatchObject({ code: 0 })
    expect(await schemes()).toContain('off@a.test yescrypt')
  })

  it('and a new password is text', async () => {
    await using folder = await temporaryFolder()
    const run = (line: string, input: string | Uint8Array = '') =>
      commandLine([...line.split(' '), '--data', folder.path], { input })
    await run('domain add a.test')
    const latin1 = Buffer.from('Viele Grüße\n', 'latin1')
    const refused = await run('account add a@a.test --password-stdin', latin1)
    expect(refused.stderr).toContain('one line of UTF-8')
    expect(await run('account add a@a.test --password-stdin', 'Viele Grüße\n')).toMatchObject({
      code: 0,
    })
  })
})
