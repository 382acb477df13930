// `postwolke domain dns` and `postwolke dkim` as an administrator runs them, before a DNS that has some of it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let dns: DnsServer

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  dns = resources.use(
    await startDnsServer({
      'a.test': { mx: ['10 mx.a.test'], txt: ['verification=1', 'hello "you"'] },
      '_dmarc.a.test': { txt: ['v=DMARC1; p=none'] },
      '_smtp._tls.a.test': { rcode: 'SERVFAIL' },
    }),
  )
  expect((await run('domain add a.test')).stdout).toContain(
    "'postwolke domain dns a.test' shows what to publish",
  )
})
afterAll(() => resources.disposeAsync())

const run = (line: string) =>
  commandLine([
    ...line.split(' '),
    '--data',
    folder,
    '--set',
    `dnsServers=${dns.address}`,
    '--set',
    'hostname=mx.a.test',
  ])

type Shown = { readonly records: readonly { name: string; type: string; published?: object }[] }

describe('domain dns', () => {
  it('shows what to publish, and asks nobody', async () => {
    const before = dns.questions.length
    const { stdout, code } = await run('domain dns a.test')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^NAME +TYPE +NEED +VALUE\na\.test +MX +must +10 mx\.a\.test\n/)
    expect(stdout).toMatch(/\d{8}-rsa\._domainkey\.a\.test +TXT +must +v=DKIM1;/)
    expect(dns.questions.length).toBe(before)
  })

  it('shows with --check what there is, and fails while something lacks that must be there', async () => {
    const { stdout, stderr, code } = await run('domain dns a.test --check')
    expect(stdout).toMatch(/^a\.test +MX +must +ok +10/m)
    expect(stdout).toMatch(/^a\.test +TXT +must +missing +v=spf1/m)
    expect(stdout).toMatch(/^_dmarc\.a\.test +TXT +must +ok/m)
    expect(stdout).toMatch(/^_smtp\._tls\.a\.test +TXT +may +unknown/m)
    expect(stderr).toMatch(/not as it must be: TXT a\.test, TXT \d{8}-rsa\._domainkey\.a\.test\n$/)
    expect(code).toBe(1)
  })

  it('makes a zone file whose records are found when they are published', async () => {
    const { stdout } = await run('domain dns a.test --zone')
    const lines = stdout.trimEnd().split('\n')
    expect(lines.every((line) => /^\S+\. 3600 IN (MX|TXT|SRV|CNAME|TLSA) /.test(line))).toBe(true)
    for (const line of lines) {
      const [, name = '', data = ''] = /^(\S+)\. 3600 IN TXT (.*)$/.exec(line) ?? []
      if (name === '') continue
      const strings = [...data.matchAll(/"([^"]*)"/g)].map(([, one = '']) => one)
      dns.set(name, { txt: [strings], ...(name === 'a.test' && { mx: ['10 mx.a.test'] }) })
    }
    const { stdout: checked, code } = await run('domain dns a.test --check')
    expect(checked).not.toMatch(/ must +(?:missing|other)/)
    expect(code).toBe(0)
    const { stdout: keys } = await run('dkim check a.test')
    expect(keys.match(/ active /g)).toHaveLength(2)
    dns.set('a.test', { mx: ['10 mx.a.test'], txt: ['verification=1', 'hello "you"'] })
  })

  it('makes a change for Route 53 of what is missing, which takes nothing away', async () => {
    dns.set('_dmarc.a.test', { txt: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] })
    const { stdout, stderr } = await run('domain dns a.test --route53')
    type Change = { ResourceRecordSet: { Name: string; Type: string; ResourceRecords: object[] } }
    const { Changes } = JSON.parse(stdout) as { Changes: readonly Change[] }
    const sets = Changes.map(({ ResourceRecordSet: set }) => `${set.Type} ${set.Name}`)
    expect(sets).toContain('TXT a.test.')
    expect(sets).not.toContain('MX a.test.')
    expect(sets).not.toContain('TXT _dmarc.a.test.')
    expect(stderr).toMatch(/TXT _dmarc\.a\.test has another value and was left out/)
    const apex = Changes.find(({ ResourceRecordSet: { Name } }) => Name === 'a.test.')
    expect(apex?.ResourceRecordSet.ResourceRecords).toEqual([
      { Value: '"v=spf1 mx ~all"' },
      { Value: '"verification=1"' },
      { Value: '"hello \\"you\\""' },
    ])
  })

  it('is of a domain here, in one form', async () => {
    expect((await run('domain dns b.test')).stderr).toContain('no domain b.test')
    expect((await run('domain dns a.test --zone --route53')).stderr).toContain('give one')
    const { records } = JSON.parse((await run('domain dns a.test --json')).stdout) as Shown
    expect(records[0]).toMatchObject({ name: 'a.test', type: 'MX', need: 'must', purpose: 'mail' })
  })
})

describe('dkim', () => {
  it('turns, forces, revokes and brings along', async () => {
    const pem = await import('node:crypto').then(({ generateKeyPairSync }) =>
      generateKeyPairSync('rsa', {
        modulusLength: 2_048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      }),
    )
    await run('domain add c.test')
    const imported = await commandLine(
      [
        'dkim',
        'import',
        'c.test',
        'mail',
        '-',
        '--data',
        folder,
        '--set',
        `dnsServers=${dns.address}`,
      ],
      { input: pem.privateKey },
    )
    expect(imported.stdout).toMatch(/^mail +rsa +waiting/m)
    expect(imported.stdout).toContain(
      'to publish: TXT mail._domainkey.c.test\n  v=DKIM1; h=sha256; k=rsa;',
    )
    expect((await run('dkim force c.test mail')).stdout).toMatch(/^mail +rsa +active \(forced\)/m)
    expect((await run('dkim rotate c.test --algorithm ed25519')).stdout).toMatch(
      /^\d{8}-ed25519-2 +ed25519 +waiting/m,
    )
    const { stdout } = await run('dkim revoke c.test mail --yes')
    expect(stdout).toContain('to publish: TXT mail._domainkey.c.test\n  v=DKIM1; p=\n')
    expect((await run('dkim revoke c.test nobody --yes')).stderr).toContain('no signing key nobody')
    expect((await run('dkim import c.test x /nowhere')).stderr).toContain('cannot read the key')
  })
})
