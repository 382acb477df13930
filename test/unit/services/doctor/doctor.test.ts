import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnose } from '#services/doctor/doctor.ts'
import type { Finding } from '#services/doctor/finding.ts'
import type { DoctorWorld } from '#services/doctor/world.ts'
import { userAgentConfiguration } from '#shared/administration/client-setup/user-agent-configuration.ts'
import type { DomainRecords } from '#shared/administration/dns/domain-records.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { loadSettings } from '#shared/settings/load.ts'
import {
  healthyWorld,
  healthyZone,
  type Issued,
  issueChain,
  readFrom,
} from '#test/support/fake-doctor-world.ts'
import { missingPrograms } from '#test/support/programs.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

function settingsOf(...set: readonly string[]) {
  const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.ours.test', ...set] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

async function findings(
  changes: Partial<DoctorWorld> = {},
  { set = [] as readonly string[], domains = [] as readonly DomainRecords[], isHere = true } = {},
): Promise<readonly Finding[]> {
  const world = { ...healthyWorld, ...changes }
  return await Array.fromAsync(
    diagnose({ world, settings: settingsOf(...set), domains, outboundHost: 'out.test', isHere }),
  )
}

const inZone = (zone: object) => ({ readRecords: readFrom({ ...healthyZone, ...zone }) })

/** `state` of each finding of this check, and what is said of it. */
async function told(
  check: string,
  changes: Partial<DoctorWorld>,
  options?: Parameters<typeof findings>[1],
): Promise<readonly string[]> {
  const all = await findings(changes, options)
  return all
    .filter((one) => one.check === check)
    .map(({ state, of, found }) => `${state} ${of}: ${found}`)
}

describe('a doctor', () => {
  it('finds a healthy host well, and says what it looked at', async () => {
    const all = await findings()
    expect(all.filter(({ state }) => state !== 'ok' && state !== 'unknown')).toEqual([])
    expect([...new Set(all.map(({ check }) => check))]).toEqual([
      'server',
      'disk',
      'queue',
      'settings',
      'clock',
      'name server',
      'name',
      'reverse',
      'port 25 in',
      'listed',
      'port out',
      'open relay',
      'certificate',
    ])
  })

  it('says which settings were changed while the system ran, and which of them do not count', async () => {
    const inForce = [{ path: 'minimalBackoffTime', value: '1m' }]
    const unused = [{ path: 'hopcountLimit', reason: 'the deployment has the last word' }]
    expect(await told('settings', { changedSettings: async () => ({ inForce, unused }) })).toEqual([
      'ok changed while it ran: minimalBackoffTime=1m',
      'warn hopcountLimit: stored and not used: the deployment has the last word',
    ])
  })

  it('says of everything that is not well what to do', async () => {
    const all = await findings({
      ...inZone({ 'mx.ours.test': { a: ['192.0.2.25'] }, '192.0.2.25': {} }),
      clockAheadMs: async () => -400_000,
      isValidating: async () => false,
      server: async () => undefined,
      disk: async () => ({ freeBytes: 1, bytes: 100 }),
    })
    const wrong = all.filter(({ state }) => state === 'bad' || state === 'warn')
    expect(wrong.map(({ check }) => check)).toEqual([
      'server',
      'disk',
      'clock',
      'name server',
      'reverse',
    ])
    expect(wrong.filter(({ next }) => next === undefined)).toEqual([])
  })

  it('finds nothing out where it cannot measure, and goes on', async () => {
    const fail = () => Promise.reject(new Error('no way there'))
    const all = await findings({
      readRecords: async () => ({ kind: 'failure', reason: 'SERVFAIL' }),
      clockAheadMs: fail,
      isValidating: fail,
      queue: fail,
      disk: fail,
      server: fail,
      changedSettings: fail,
      certificate: fail,
    })
    expect(all.map(({ state }) => state)).toEqual(all.map(() => 'unknown'))
    expect(all.find(({ check }) => check === 'clock')?.found).toBe(
      'could not be measured: no way there',
    )
  })

  it('does not look for what is elsewhere', async () => {
    const all = await findings({}, { isHere: false })
    const checks = new Set(all.map(({ check }) => check))
    for (const here of ['server', 'disk', 'open relay']) expect(checks.has(here)).toBe(false)
  })

  it.each([
    [
      'name',
      inZone({ 'mx.ours.test': { a: ['10.0.0.1'] } }),
      /^warn .* leads to 10\.0\.0\.1 as seen/,
    ],
    ['name', inZone({ 'mx.ours.test': {} }), /^bad .* no address/],
    [
      'reverse',
      inZone({ '192.0.2.25': { ptr: ['x.test'] } }),
      /^bad 192\.0\.2\.25: .* does not lead back/,
    ],
    [
      'reverse',
      inZone({ '192.0.2.25': { ptr: ['x.test'] }, 'x.test': { a: ['192.0.2.25'] } }),
      /^warn .* called x\.test, not mx/,
    ],
    ['reverse', inZone({ '192.0.2.25': 'failure' }), /^unknown .*ESERVFAIL/],
    [
      'listed',
      inZone({ '25.2.0.192.zen.spamhaus.org': { a: ['127.0.0.4'] } }),
      /^bad 192\.0\.2\.25 in zen.*127\.0\.0\.4/,
    ],
    [
      'listed',
      inZone({ '2.0.0.127.zen.spamhaus.org': { a: ['127.255.255.254'] } }),
      /^unknown .*nobody can tell/,
    ],
    [
      'queue',
      { queue: async () => ({ incoming: 0, waiting: 1, held: 0, oldestMs: -20_000_000 }) },
      /^warn .*oldest for 6 h/,
    ],
    [
      'queue',
      { queue: async () => ({ incoming: 0, waiting: 0, held: 2, oldestMs: undefined }) },
      /^warn .*2 on hold/,
    ],
    ['clock', { clockAheadMs: async () => 20_000 }, /^warn .*20\.0 s ahead/],
    ['disk', { disk: async () => ({ freeBytes: 9e9, bytes: 100e9 }) }, /^warn .*9 %/],
    ['disk', { disk: async () => ({ freeBytes: 5e7, bytes: 1e8 }) }, /^bad .*no mail is taken/],
    [
      'disk',
      { disk: async () => ({ freeBytes: 90e9, bytes: 100e9, isReadOnly: true }) },
      /^bad .*cannot be written to/,
    ],
    [
      'server',
      {
        now: () => Date.UTC(2020, 0, 1),
        server: async () => ({
          pid: 1,
          started: '2020-01-01T00:02:00.000Z',
          version: '1',
          listeners: [],
          certificateFile: '',
        }),
      },
      /^bad .*the clock was set back/,
    ],
    ['certificate', { certificate: async () => 'hello' }, /^bad .*cannot be read/],
  ] as const)('finds of %s what is wrong', async (check, changes, line) => {
    expect(await told(check, changes)).toContainEqual(expect.stringMatching(line))
  })

  it.each([
    [['220 other.test'], /^warn .*greets with: 220 other/],
    [undefined, /^unknown .*no answer from here/],
  ])('finds what comes in: %j', async (answer, line) => {
    const smtp: DoctorWorld['smtp'] = async (host, ...rest) => {
      if (host !== '192.0.2.25') return healthyWorld.smtp(host, ...rest)
      if (answer === undefined) throw new Error('timed out')
      return answer
    }
    expect(await told('port 25 in', { smtp })).toContainEqual(expect.stringMatching(line))
  })

  it.each([
    [['554 5.7.1 go away'], /^bad .*554 5\.7\.1 go away/],
    [['220 x', '550 bad name'], /^bad .*550 bad name/],
    [undefined, /^bad .*no answer: timed out/],
  ])('finds what goes out: %j', async (answer, line) => {
    const smtp: DoctorWorld['smtp'] = async (host, ...rest) => {
      if (host !== '198.51.100.1') return healthyWorld.smtp(host, ...rest)
      if (answer === undefined) throw new Error('timed out')
      return answer
    }
    expect(await told('port out', { smtp })).toEqual([expect.stringMatching(line)])
  })

  it('asks the relay host, or the hosts of its domain', async () => {
    const zone = { 'relay.test': { mx: ['20 b.test', '10 out.test'] } }
    const set = ['relayhost=relay.test:587']
    expect(await told('port out', inZone(zone), { set })).toEqual([
      'ok 198.51.100.1:587: 220 out.test ready',
    ])
    expect(await told('port out', {}, { set: ['relayhost=[nowhere.test]'] })).toEqual([
      'unknown [nowhere.test]: could not be measured: nowhere.test has no address',
    ])
  })

  it.each([
    [
      ['220 x', '250 x', '250 ok', '250 ok', '221 bye'],
      'bad 127.0.0.1:2525: anybody may send mail to anywhere through it',
    ],
    [['220 x', '250 x', '250 ok', '450 later'], 'ok 127.0.0.1:2525: does not relay: 450 later'],
    [['220 x', '250 x', '550 no'], 'ok 127.0.0.1:2525: refuses strangers: 550 no'],
  ])('finds who relays: %j', async (answer, line) => {
    const smtp: DoctorWorld['smtp'] = async (host, port, lines) =>
      port === 2525 ? answer : healthyWorld.smtp(host, port, lines)
    const askedByStranger = async () =>
      ({ kind: 'permit', prepend: '', finalRecipients: 1 }) as const
    expect(await told('open relay', { smtp, askedByStranger })).toEqual([line])
  })

  it("takes a yes to this machine for nobody else's, where a stranger is refused", async () => {
    const yes = ['220 x', '250 x', '250 ok', '250 ok', '221 bye']
    const smtp: DoctorWorld['smtp'] = async (host, port, lines) =>
      port === 2525 ? yes : healthyWorld.smtp(host, port, lines)
    expect(await told('open relay', { smtp })).toEqual([
      'warn 127.0.0.1:2525: takes mail to anywhere from this machine; a stranger is refused by the settings here',
    ])
  })

  it('knows that who may relay proves nothing', async () => {
    expect(await told('open relay', {}, { set: ['mynetworks=127.0.0.0/8'] })).toEqual([
      expect.stringMatching(/^unknown /),
    ])
  })
})

describe('the certificate', () => {
  it('that signs itself is one to look at', async () => {
    const { cert } = makeSelfSigned('mx.ours.test', new Date(0))
    const lines = await told('certificate', { certificate: async () => cert, now: () => 1_000_000 })
    expect(lines).toEqual([
      expect.stringMatching(/^ok dates/),
      'ok mx.ours.test: has this name',
      'warn chain: is signed by itself',
    ])
  })

  describe.skipIf(missingPrograms().includes('openssl'))('of an authority', () => {
    const resources = new AsyncDisposableStack()
    let issued: Issued
    beforeAll(async () => {
      const { path } = resources.use(await temporaryFolder())
      issued = issueChain(path, ['mx.ours.test', 'mta-sts.ours.test'])
    })
    afterAll(() => resources.disposeAsync())

    const nowMs = () => Date.now()
    const set = ['mtaStsMode=enforce']
    const domains: readonly DomainRecords[] = [
      { kind: 'records', domain: 'ours.test', records: [], stsPolicy: undefined },
      { kind: 'records', domain: 'other.test', records: [], stsPolicy: undefined },
    ]

    it('leads to a root that everybody has, and has all names', async () => {
      const world = {
        certificate: async () => issued.leaf + issued.issuer,
        roots: [issued.root],
        now: nowMs,
      }
      expect(await told('certificate', world, { set, domains })).toEqual([
        expect.stringMatching(/^ok dates: expires on .*, in (29|30) days/),
        'ok mx.ours.test: has this name',
        'ok mta-sts.ours.test: has this name',
        expect.stringMatching(/^warn mta-sts\.other\.test: does not have this name/),
        'ok chain: leads to CN=root',
      ])
    })

    it.each([
      [
        'its issuer is not there',
        () => issued.leaf,
        'bad chain: ends at CN=leaf, which nobody knows',
      ],
      [
        'nobody knows the root',
        () => issued.leaf + issued.issuer,
        'bad chain: ends at CN=issuer, which nobody knows',
      ],
    ])('is none where %s', async (_, pem, line) => {
      const roots = line.includes('issuer') ? [] : [issued.root]
      const world = { certificate: async () => pem(), roots, now: nowMs }
      expect(await told('certificate', world)).toContain(line)
    })

    it.each([
      [20 * 86_400_000, /^warn dates: expires in (9|10) days/],
      [40 * 86_400_000, /^bad dates: has expired/],
      [-86_400_000, /^bad dates: is valid from/],
    ])('has its time: %i ms from now', async (laterMs, line) => {
      const world = {
        certificate: async () => issued.leaf,
        now: () => Date.now() + laterMs,
      }
      expect(await told('certificate', world)).toContainEqual(expect.stringMatching(line))
    })
  })
})

describe('a domain', () => {
  const record = {
    name: 'ours.test',
    type: 'TXT',
    value: 'x',
    purpose: 'spf',
    need: 'must',
    isMet: () => true,
    isOfKind: () => true,
  } as const
  const domain = (
    published: DomainRecords['records'][number]['published'],
    need = 'must' as 'must' | 'should' | 'may',
  ) => ({
    domains: [
      {
        kind: 'records',
        domain: 'ours.test',
        records: [{ ...record, need, published }],
        stsPolicy: undefined,
      } as const,
    ],
  })

  it.each([
    [{ kind: 'met' } as const, 'must', 'ok'],
    [{ kind: 'missing', others: [] } as const, 'must', 'bad'],
    [{ kind: 'missing', others: [] } as const, 'should', 'warn'],
    [{ kind: 'missing', others: [] } as const, 'may', undefined],
    [{ kind: 'other', found: ['y'] } as const, 'must', 'bad'],
    [{ kind: 'other', found: ['y'] } as const, 'may', 'warn'],
    [{ kind: 'several', found: ['y', 'z'] } as const, 'should', 'bad'],
    [{ kind: 'unknown', why: 'SERVFAIL' } as const, 'must', 'unknown'],
  ] as const)('whose record is %j, and %s be there, is %s', async (published, need, state) => {
    const lines = await told('spf', {}, domain(published, need))
    expect(lines.map((line) => line.split(' ', 1)[0])).toEqual(state === undefined ? [] : [state])
  })

  const policy = 'version: STSv1\r\nmode: enforce\r\nmx: mx.ours.test\r\nmax_age: 1\r\n'
  it.each([
    [{ status: 200, type: 'text/plain; charset=utf-8', body: policy.replaceAll('\r', '') }, /^ok /],
    [{ status: 200, type: 'text/html', body: policy }, /^bad .*text\/html/],
    [{ status: 404, type: 'text/plain', body: '' }, /^bad .*answers 404/],
    [
      { status: 200, type: 'text/plain', body: `${policy}mx: *.there.test\r\n` },
      /^bad .*another policy/,
    ],
    [undefined, /^bad .*certificate has expired/],
  ])('whose policy host says %j is so', async (answer, line) => {
    const get: DoctorWorld['get'] = async (url) => {
      expect(url).toBe('https://mta-sts.ours.test/.well-known/mta-sts.txt')
      if (answer === undefined) throw new Error('certificate has expired')
      return answer
    }
    const domains = [
      { kind: 'records', domain: 'ours.test', records: [], stsPolicy: policy },
    ] as const
    expect(await told('mta-sts', { get }, { domains })).toEqual([expect.stringMatching(line)])
  })

  describe('where mail programs set themselves up', () => {
    const published = { kind: 'met' } as const
    const recordOf = (name: string): DomainRecords['records'][number] => ({
      ...{ name, type: 'CNAME', value: 'mx.ours.test', purpose: 'clients', need: 'should' },
      ...{ isMet: () => true, isOfKind: () => true, published },
    })
    const hosts = ['autoconfig', 'autodiscover', 'ua-auto-config'].map((one) => `${one}.ours.test`)
    const ours = (names: readonly string[]): readonly DomainRecords[] => [
      { kind: 'records', domain: 'ours.test', records: names.map(recordOf), stsPolicy: undefined },
    ]
    const served: { readonly [host: string]: readonly [type: string, body: string] } = {
      'autoconfig.ours.test': [
        'text/xml; charset=utf-8',
        '<clientConfig version="1.1"><hostname>mx.ours.test</hostname></clientConfig>',
      ],
      'autodiscover.ours.test': ['application/json', '{"Protocol":"AutodiscoverV1","Url":""}'],
      'ua-auto-config.ours.test': [
        'application/json',
        userAgentConfiguration('ours.test', settingsOf()),
      ],
    }
    const getFrom =
      (documents: typeof served): DoctorWorld['get'] =>
      async (url) => {
        const document = documents[new URL(url).hostname]
        if (document === undefined) throw new Error('its certificate has another name')
        const [type, body] = document
        return { status: body === '' ? 502 : 200, type, body }
      }
    const clients = async (documents: typeof served, names: readonly string[] = hosts) =>
      (await told('clients', { get: getFrom(documents) }, { domains: ours(names) })).filter(
        (line) => line.includes('https://'),
      )

    it('it asks each name that leads somewhere', async () => {
      expect(await clients(served)).toEqual([
        'ok https://autoconfig.ours.test/mail/config-v1.1.xml?emailaddress=postmaster%40ours.test: tells programs what to do',
        expect.stringMatching(
          /^ok https:\/\/autodiscover\.ours\.test\/autodiscover\/autodiscover\.json/,
        ),
        expect.stringMatching(/^ok https:\/\/ua-auto-config\.ours\.test\//),
      ])
      expect(await clients(served, [])).toEqual([])
    })

    it.each([
      ['autoconfig', ['text/html', '<html>'], 'is not our autoconfig'],
      ['autoconfig', undefined, 'its certificate has another name'],
      ['autodiscover', ['application/json', '{'], 'is not our autodiscover'],
      ['autodiscover', ['text/plain', ''], 'answers 502'],
      ['ua-auto-config', ['application/json', '{}'], 'is another document'],
    ] as const)('it says what is wrong with %s: %j', async (name, document, line) => {
      const { [`${name}.ours.test`]: _, ...others } = served
      const documents = document ? { ...others, [`${name}.ours.test`]: document } : others
      const found = await clients(documents, [`${name}.ours.test`])
      expect(found).toEqual([expect.stringContaining(line)])
      expect(found[0]).toMatch(/^warn /)
    })
  })
})
