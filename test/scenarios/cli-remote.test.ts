// The same commands on a data folder and on the server of that folder: every command says the same, in the same bytes, with the same exit
// status. What a command changes is done to twins: one side works in left.test, the other in rite.test.

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { type Account, eventually, firstAccounts } from '#test/support/accounts.ts'
import { type CommandEnd, commandLine } from '#test/support/command-line.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let config: string
let certificate: string
let server: ServerProcess
let url: string
let alice: Account

const local = (line: readonly string[], input?: string | Uint8Array) =>
  commandLine([...line, '--data', folder], { ...(input !== undefined && { input }) })

const environment = () => ({ XDG_CONFIG_HOME: config })
const remote = (line: readonly string[], input?: string | Uint8Array) =>
  commandLine([...line, '--server', url], {
    ...(input !== undefined && { input }),
    environment: environment(),
  })

async function printed(line: string, input?: string): Promise<string> {
  const ended = await local(line.split(' '), input)
  expect({ line, ...ended }).toMatchObject({ code: 0 })
  return ended.stdout
}

/** A message that waits. */
async function submitted(subject: string): Promise<string> {
  await using smtp = await SmtpClient.open(server.ports.submissions, { tls: true })
  await smtp.hello()
  await smtp.logIn(alice.address, alice.password)
  await smtp.envelope(alice.address, 'far@away.test')
  const { text } = await smtp.data(`Subject: ${subject}\r\n\r\nHello.\r\n`)
  const queueId = text.split(' ').at(-1) ?? ''
  await eventually(`${queueId} is deferred`, async () =>
    (await printed(`queue show ${queueId} --json`)).includes('come back later'),
  )
  return queueId
}

beforeAll(async () => {
  const base = resources.use(await temporaryFolder()).path
  folder = join(base, 'data')
  config = join(base, 'config')
  certificate = join(base, 'certificate.pem')
  const made = makeSelfSigned('localhost', new Date())
  await writeFile(certificate, made.cert)
  await writeFile(join(base, 'key.pem'), made.key)
  const sink = resources.use(await openSink({ rcpt: () => '451 4.7.1 come back later' }))
  const ports = await freePorts()
  // In the file, so that commands on the folder have them too.
  await mkdir(folder)
  const lines = [
    `relayhost = "[127.0.0.1]:${sink.port}"`,
    'minimalBackoffTime = "1h"',
    'apiRequestsPerMinute = 0',
    'apiRequestsPerMinutePerNetwork = 0',
    `tls.certificateFile = "${certificate}"`,
    `tls.keyFile = "${join(base, 'key.pem')}"`,
    ...Object.entries(ports).map(([name, port]) => `listeners.${name}.port = ${port}`),
  ]
  await writeFile(join(folder, 'postwolke.toml'), `${lines.join('\n')}\n`)
  server = await startServer(folder, ports)
  resources.defer(async () => void (await server.end('SIGTERM')))
  ;({ alice } = firstAccounts(server))
  url = `https://localhost:${server.ports.https}`
  await printed(`owner grant ${alice.address}`)
})
afterAll(() => resources.disposeAsync())

describe('postwolke login', () => {
  it('does not trust a certificate that nobody vouches for', async () => {
    const ended = await commandLine(['login', url, '--as', alice.address, '--password-stdin'], {
      input: alice.password,
      environment: environment(),
    })
    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain('--ca FILE')
  })

  it('refuses a wrong password, and a server in clear', async () => {
    const words = ['--as', alice.address, '--password-stdin', '--ca', certificate]
    const wrong = await commandLine(['login', url, ...words], {
      input: 'not it',
      environment: environment(),
    })
    expect(wrong.code).toBe(77)
    expect((await commandLine(['login', 'http://mail.example.test', ...words])).code).toBe(64)
  })

  it('keeps a token that nobody else can read, and no password', async () => {
    const words = ['--as', alice.address, '--password-stdin', '--ca', certificate]
    const ended = await commandLine(['login', url, ...words], {
      input: alice.password,
      environment: environment(),
    })
    expect(ended).toEqual({
      code: 0,
      stdout: `signed in to localhost:${server.ports.https} as ${alice.address} (owner)\n`,
      stderr: '',
    })
    const file = join(config, 'postwolke', 'servers.json')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const text = await readFile(file, 'utf8')
    expect(text).toContain('"token": "pw_')
    expect(text).not.toContain(alice.password)
    const who = await remote(['whoami', '--json'])
    expect(JSON.parse(who.stdout)).toMatchObject({ account: alice.address, role: 'owner' })
  })
})

/** `$D`: the domain of the side; `$Q`: its message. Standard input behind a tab. */
const transcript: readonly string[] = [
  'usage',
  'domain add $D --postmaster ann@$D',
  'domain add $D',
  'domain add not_a_domain',
  'account add ann@$D --hash-stdin --quota 2GB --name Ann\t{PLAIN}secret1',
  'account add bob@$D --hash-stdin\t{PLAIN}secret2',
  'account add bob@$D --hash-stdin\t{PLAIN}secret2',
  'account add carl@nowhere.test --hash-stdin\t{PLAIN}secret2',
  'account add dora@$D --hash-stdin --quota 200\t{PLAIN}secret2',
  'account add dora@$D',
  'account list $D',
  'account list $D --json',
  'account list nowhere.test',
  'account show ann@$D',
  'account show ann@$D --json',
  'account show eve@$D',
  'account show eve',
  'account show nonsense@@$D',
  'account set ann@$D --quota 3GB --name Anna',
  'account set ann@$D',
  'account set ann@$D --password-stdin\tanother secret',
  'account set eve@$D --disable',
  'account forward ann@$D --to bob@$D --keep',
  'account forward ann@$D --off',
  'account freeze bob@$D --reason spam',
  'account show bob@$D',
  'account unfreeze bob@$D --release',
  'account logins ann@$D',
  'account sessions ann@$D',
  'account factors ann@$D',
  'account factors ann@$D --remove',
  'account app-password list ann@$D',
  'account app-password revoke ann@$D 0123456789ab',
  'account contain bob@$D --reason spam',
  'account release bob@$D',
  'account import - --dry-run\tcarl@$D:{PLAIN}x\ndora@$D:{PLAIN}y\n',
  'account import -\tcarl@$D:{PLAIN}x\ndora@$D:{PLAIN}y\n',
  'account import -\tcarl@$D:{PLAIN}x\nnonsense\n',
  'alias add info@$D ann@$D bob@$D',
  'alias add info@$D ann@$D',
  'alias add @$D far@away.test',
  'alias list $D',
  'alias show info@$D --json',
  'alias show any@$D',
  'alias tree info@$D',
  'alias set info@$D bob@$D',
  'alias set none@$D bob@$D',
  'alias import -\tteam@$D ann@$D, bob@$D\n',
  'alias remove @$D',
  'alias remove @$D',
  'alias show any@$D',
  'domain list --json',
  'domain show $D',
  'domain dns $D',
  'domain dns $D --zone',
  'dkim list $D',
  'dkim rotate $D --algorithm ed25519',
  'dkim revoke $D no-such',
  'acl set ann@$D INBOX bob@$D lrs',
  'acl show ann@$D',
  'acl remove ann@$D INBOX bob@$D',
  'acl show eve@$D',
  'access set table-$D example.net REJECT go away',
  'access set table-$D example.net NONSENSE?',
  'access import table-$D -\t192.0.2.0/24 OK\n',
  'access list table-$D',
  'access list none-$D',
  'access test table-$D client 192.0.2.9',
  'access remove table-$D example.net',
  'access remove table-$D example.net',
  'access remove table-$D',
  'srs show nobody@$D',
  'role list',
  'role set ann@$D domain-admin --domains $D',
  'role set ann@$D emperor',
  'role set ann@$D holder',
  'token revoke nonsense',
  'sieve list ann@$D',
  'sieve put ann@$D work -\tkeep;',
  'sieve put ann@$D work - --activate\trequire "fileinto"; fileinto "Work";',
  'sieve put ann@$D broken -\tkep;\nkeep',
  'sieve put site for-$D - --json\tkeep;',
  'sieve list site --json',
  'sieve list ann@$D --json',
  'sieve show ann@$D work',
  'sieve show ann@$D work --json --lines',
  'sieve show ann@$D none',
  'sieve show site for-$D --lines',
  'sieve check -\tif true { keep; }',
  'sieve check - --json\tfileinto "x";',
  'sieve run ann@$D -\tSubject: x\n\ny\n',
  'sieve run ann@$D - --from x@y.test --json\tSubject: x\n\ny\n',
  'sieve run ann@$D - --script none\tSubject: x\n\ny\n',
  'sieve rename ann@$D work play',
  'sieve rename ann@$D none play',
  'sieve remove ann@$D play',
  'sieve deactivate ann@$D',
  'sieve activate ann@$D none',
  'sieve activate site for-$D',
  'sieve remove ann@$D play',
  'sieve remove ann@$D play',
  'sieve remove site for-$D',
  'sieve list eve@$D',
  'queue list',
  'queue list --json',
  'queue list --sender nobody@$D',
  'queue show $Q',
  'queue show $Q --json',
  'queue show 01M0TEXAMP1E000000',
  'queue show nonsense',
  'queue top',
  'queue top --json',
  'queue stats',
  'queue hold $Q',
  'queue release $Q --recipient nobody@away.test',
  'queue hold 01M0TEXAMP1E000000',
  'queue flush nowhere.test',
  'queue delete',
  'queue delete --sender nobody@$D',
  'trace $Q --json',
  'trace nobody-at-all@$D',
  // What comes of it the queue decides, sooner or later.
  'queue release $Q',
  'quarantine list',
  'quarantine show 01M0TEXAMP1E000000',
  'quarantine release 01M0TEXAMP1E000000',
  'account sending ann@$D',
  'account sending ann@$D --json',
  'account sending ann@$D --forget',
  'account sending eve@$D',
  'greylist list ann@$D',
  'greylist list nonsense',
  'greylist list ann@$D --since nonsense --json',
  'greylist scores ann@$D --json',
  'greylist show 192.0.2.1',
  'greylist show nonsense',
  'greylist allow 192.0.2.77 --sender x@y.test --recipient ann@$D',
  'greylist show 192.0.2.77 --sender x@y.test --recipient ann@$D --json',
  'greylist forget 192.0.2.77 --sender x@y.test --recipient ann@$D',
  'greylist forget 192.0.2.77 --sender x@y.test',
  'greylist forget 192.0.2.77 --sender x --recipient ann@$D',
  'held-login list',
  'held-login list ann@$D --json',
  'held-login list nonsense',
  'held-login release ann@$D',
  'held-login release 192.0.2.1',
  'held-login release nonsense',
  'policy list',
  'policy explain 01M0TEXAMP1E000000',
  'policy explain nonsense',
  'policy explain --client 127.0.0.1 --recipient ann@$D --sender x@y.test',
  'policy explain --client 127.0.0.1 --recipient ann@$D --json',
  'policy explain --client nonsense --recipient ann@$D',
  'policy explain --client 127.0.0.1 --recipient ann@$D --login eve@$D',
  'policy replay --since 1h --change smtpdClientRestrictions=reject',
  'policy replay --since nonsense',
  'policy replay --since 1h --change nonsense=1',
  'job show j000000000000000000000',
  'audit show nonsense',
  'front source add old-$D --imap imaps://old.test --smtp [old.test]:2525',
  'front source add old-$D --imap imaps://old.test',
  'front source add bad-$D --imap old.test',
  'front source add bad-$D --imap imaps://old.test --master-user m --master-password-stdin\ta\tb',
  'front set ann@$D old-$D',
  'front show ann@$D',
  'front set ann@$D none-$D',
  'front set eve@$D old-$D',
  'front source remove old-$D',
  'front set $D old-$D',
  'front hold $D --json',
  'front end $D',
  'front end ann@$D',
  'front source remove old-$D',
  'front source remove old-$D',
  'search ann@$D',
  'account empty bob@$D',
  'account remove bob@$D',
  'account remove bob@$D',
  'domain remove $D',
  'domain remove $D --force',
]

/** What differs by itself: times, ids, keys. */
const withoutChance = (text: string, sides: readonly Side[]) =>
  sides
    .reduce((all, side) => all.replaceAll(side.domain, '$D').replaceAll(side.queueId, '$Q'), text)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '$TIME')
    // A queue id that was made for a question.
    .replaceAll(/"queueId": "[0-9A-Z]{18}"/g, '"queueId": …')
    .replaceAll(/"(id|mailboxId|accountId|parentId)": "[^"]*"/g, '"$1": …')
    .replaceAll(/"(uidValidity|modSeq|tookMs|connectMs|atMs|ms|.*Ms)": \d+(\.\d+)?/g, '"$1": …')
    .replaceAll(/p=[A-Za-z0-9+/=]+/g, 'p=…')
    .replaceAll(/"[A-Za-z0-9+/=]{60,}"/g, '"…"')
    .replaceAll(/Ms":\d+(\.\d+)?/g, 'Ms":…')
    .replaceAll(/[a-z]?\d{8,}[a-z0-9-]*/g, '$NUMBER')
    // Of a document that names the domain.
    .replaceAll(/(?<=v=UAAC1; a=sha256; d=)[A-Za-z0-9+/=]+/g, '…')
    .replaceAll(/"delays":"[\d./]+"/g, '"delays":…')
    .replaceAll(/ {2,}/g, '  ')

type Side = {
  readonly domain: string
  readonly queueId: string
  readonly run: (line: readonly string[], input?: string) => Promise<CommandEnd>
}

describe('every command', () => {
  it('says the same on a server as on its data folder', async () => {
    const sides: readonly Side[] = [
      { domain: 'left.test', queueId: await submitted('one'), run: local },
      { domain: 'rite.test', queueId: await submitted('two'), run: remote },
    ]
    const askBoth = (line: string) =>
      Promise.all(
        sides.map(async (side) => {
          const [words = '', input] = line
            .replaceAll('$D', side.domain)
            .replaceAll('$Q', side.queueId)
            .split('\t', 2)
          const { code, stdout, stderr } = await side.run(words.split(' '), input)
          const [out, said] = [stdout, stderr].map((text) => withoutChance(text, sides))
          return { code, out, said }
        }),
      )
    const differs = ([there, here]: readonly unknown[]) =>
      JSON.stringify(there) !== JSON.stringify(here)
    const differences: unknown[] = []
    for (const line of transcript) {
      let answers = await askBoth(line)
      // Figures are written once a minute, perhaps between the two.
      if (line === 'usage' && differs(answers)) answers = await askBoth(line)
      if (differs(answers)) differences.push({ line, answers })
    }
    expect(differences).toEqual([])
  }, 120_000)

  it('that needs the machine says so in one line', async () => {
    for (const line of [
      'doctor',
      'check',
      'storage collect',
      'backup somewhere',
      'status',
      'config show',
      'compact',
      'owner link',
    ]) {
      const ended = await remote(line.split(' '))
      expect({ line, ...ended }).toMatchObject({ code: 64, stdout: '' })
      expect(ended.stderr.split('\n').length, line).toBe(2)
    }
  })
})

describe('what another mail system had', () => {
  const users = (domain: string) =>
    [
      `eve@${domain}:{PLAIN}x`,
      `fay@${domain}:{PLAIN}y:::::: userdb_quota_rule=*:storage=1G`,
      'nobody@:{PLAIN}z',
    ].join('\n')

  it('comes over to a server as to its folder, and is rehearsed before', async () => {
    const sides = [
      { domain: 'moved-left.test', run: local },
      { domain: 'moved-rite.test', run: remote },
    ]
    for (const more of [['--dry-run'], [], ['--dry-run'], []]) {
      const ends = await Promise.all(
        sides.map(async ({ domain, run }) => {
          const file = join(folder, '..', `${domain}.users`)
          await writeFile(file, users(domain))
          const { code, stdout, stderr } = await run(['import', 'passwd-file', file, ...more])
          return { code, stderr, stdout: stdout.replaceAll(domain, 'moved.test') }
        }),
      )
      expect(ends[0]).toEqual(ends[1])
      expect(ends[0]).toMatchObject({ code: 0, stderr: '' })
    }
    const { stdout } = await remote(['account', 'list', 'moved-rite.test', '--json'])
    expect(JSON.parse(stdout)).toMatchObject([
      { address: 'eve@moved-rite.test' },
      { address: 'fay@moved-rite.test', quotaBytes: 1024 ** 3 },
    ])
  })
})

describe('postwolke logout', () => {
  it('ends the token', async () => {
    const token = JSON.parse(await readFile(join(config, 'postwolke', 'servers.json'), 'utf8'))
    const ended = await commandLine(['logout', url], { environment: environment() })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const again = await commandLine(['domain', 'list', '--server', url], {
      environment: { ...environment(), POSTWOLKE_TOKEN: token.servers[url].token },
    })
    // Its authority is forgotten with it.
    expect(again.code).toBe(69)
    expect((await remote(['domain', 'list'])).code).toBe(77)
  })
})
