import { describe, expect, it } from 'vitest'
import { publishedState } from '#shared/administration/dns/published.ts'
import { stsPolicyId, stsPolicyText } from '#shared/administration/dns/sts-policy.ts'
import { wantedRecords } from '#shared/administration/dns/wanted-records.ts'
import { route53Changes, zoneLines } from '#shared/administration/dns/zone-text.ts'
import type { SigningKey } from '#shared/directory/signing-keys.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { dnsSettings } from '#test/support/dns-settings.ts'

const rsa: SigningKey = {
  selector: 'r',
  algorithm: 'rsa',
  privateKey: new Uint8Array(),
  publicKey: 'A'.repeat(392),
  state: 'active',
  sinceMs: 0,
  createdMs: 0,
  seenMs: null,
  forced: false,
  imported: false,
}
const revoked: SigningKey = { ...rsa, selector: 'old', state: 'revoked' }
const HASH = 'ab'.repeat(32)

const wanted = (set: readonly string[] = [], domain = 'ours.test') =>
  wantedRecords({ domain, keys: [rsa, revoked], certificateKeyHash: HASH }, dnsSettings(...set))

const lines = (set: readonly string[] = [], domain?: string) =>
  wanted(set, domain).map(({ name, type, value }) => `${name} ${type} ${value}`)

const find = (name: string, type: string, set: readonly string[] = []) => {
  const found = wanted(set).find((one) => one.name === name && one.type === type)
  if (found === undefined) throw new Error(`no ${type} ${name}`)
  return found
}

describe('the records of a domain', () => {
  it('are those of its mail, its senders, its keys and its clients', () => {
    expect(lines()).toEqual([
      'ours.test MX 10 mx.ours.test',
      'ours.test TXT v=spf1 mx ~all',
      'mx.ours.test TXT v=spf1 a -all',
      `r._domainkey.ours.test TXT v=DKIM1; h=sha256; k=rsa; s=email; p=${'A'.repeat(392)}`,
      'old._domainkey.ours.test TXT v=DKIM1; p=',
      '_dmarc.ours.test TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@ours.test',
      '_smtp._tls.ours.test TXT v=TLSRPTv1; rua=mailto:postmaster@ours.test',
      '_submissions._tcp.ours.test SRV 0 1 465 mx.ours.test',
      '_submission._tcp.ours.test SRV 10 1 587 mx.ours.test',
      '_imaps._tcp.ours.test SRV 0 1 993 mx.ours.test',
      '_imap._tcp.ours.test SRV 10 1 143 mx.ours.test',
      '_pop3s._tcp.ours.test SRV 20 1 995 mx.ours.test',
      '_pop3._tcp.ours.test SRV 30 1 110 mx.ours.test',
      '_sieve._tcp.ours.test SRV 0 1 4190 mx.ours.test',
      'autoconfig.ours.test CNAME mx.ours.test',
      'autodiscover.ours.test CNAME mx.ours.test',
      'ua-auto-config.ours.test CNAME mx.ours.test',
      '_autodiscover._tcp.ours.test SRV 0 1 443 mx.ours.test',
      expect.stringMatching(
        /^_ua-auto-config\.ours\.test TXT v=UAAC1; a=sha256; d=[A-Za-z0-9+/]{43}=$/,
      ),
      `_25._tcp.mx.ours.test TLSA 3 1 1 ${HASH}`,
    ])
  })

  it.each([
    ['a relay host', ['relayhost=[relay.test]:587'], 'ours.test TXT v=spf1 mx a:relay.test ~all'],
    [
      'Amazon SES',
      ['relayhost=[email-smtp.eu-central-1.amazonaws.com]:587'],
      'ours.test TXT v=spf1 mx include:amazonses.com ~all',
    ],
    ['a relay host that nobody sees', ['relayhost=[192.168.1.1]'], 'ours.test TXT v=spf1 mx ~all'],
    [
      'another port',
      ['listeners.imaps.port=9930'],
      '_imaps._tcp.ours.test SRV 0 1 9930 mx.ours.test',
    ],
    [
      'ManageSieve where nobody serves it',
      ['listeners.managesieve.enabled=no'],
      '_sieve._tcp.ours.test SRV 0 0 0 .',
    ],
    [
      'a host and a port that the world sees',
      ['clientSetupHost=mail.test', 'clientSetupPorts=imaps=9930 https=444'],
      '_imaps._tcp.ours.test SRV 0 1 9930 mail.test',
    ],
    [
      'the port of HTTPS',
      ['clientSetupPorts=https=444'],
      '_autodiscover._tcp.ours.test SRV 0 1 444 mx.ours.test',
    ],
    ['a listener that is off', ['listeners.pop3.enabled=no'], '_pop3._tcp.ours.test SRV 0 0 0 .'],
    [
      'an address for reports',
      ['dnsReportAddress=reports@other.test'],
      '_dmarc.ours.test TXT v=DMARC1; p=quarantine; rua=mailto:reports@other.test',
    ],
    ['a policy for those who send', ['mtaStsMode=testing'], 'mta-sts.ours.test CNAME mx.ours.test'],
  ])('follow %s', (_, set, line) => {
    expect(lines(set)).toContain(line)
  })

  it('lead to no documents where there are none', () => {
    expect(
      lines(['clientSetup=no']).filter((line) => /auto(?:config|discover)/.test(line)),
    ).toEqual([])
  })

  it('have none of hosts that are in other zones', () => {
    expect(lines([], 'other.test').filter((line) => line.startsWith('mx.ours.test'))).toEqual([])
  })
})

describe('the policy of MTA-STS', () => {
  it('is that of RFC 8461, §3.2', () => {
    expect(stsPolicyText(dnsSettings('mtaStsMode=enforce', 'mtaStsMx=*.ours.test, b.test'))).toBe(
      'version: STSv1\r\nmode: enforce\r\nmx: *.ours.test\r\nmx: b.test\r\nmax_age: 1209600\r\n',
    )
    expect(stsPolicyText(dnsSettings('mtaStsMode=testing', 'mtaStsMaxAge=1d'))).toBe(
      'version: STSv1\r\nmode: testing\r\nmx: mx.ours.test\r\nmax_age: 86400\r\n',
    )
    expect(stsPolicyText(dnsSettings('mtaStsMode=none'))).toBe(
      'version: STSv1\r\nmode: none\r\nmax_age: 1209600\r\n',
    )
    expect(stsPolicyText(dnsSettings())).toBeUndefined()
  })

  it('has another id when it is another one', () => {
    const id = (...set: string[]) => find('_mta-sts.ours.test', 'TXT', set).value
    expect(id('mtaStsMode=enforce')).toMatch(/^v=STSv1; id=[0-9a-f]{20}$/)
    expect(id('mtaStsMode=enforce')).not.toBe(id('mtaStsMode=testing'))
    expect(stsPolicyId('x')).toHaveLength(20)
  })
})

describe('what is published', () => {
  const state = async (
    [name, type]: readonly [string, string],
    answer: DnsAnswer<string> | readonly string[],
    set: readonly string[] = [],
  ) => {
    const given: DnsAnswer<string> =
      'kind' in answer ? answer : { kind: 'found', records: [...answer] }
    return (await publishedState(find(name, type, set), async () => given)).kind
  }
  const mx = ['ours.test', 'MX'] as const
  const spf = ['ours.test', 'TXT'] as const
  const key = ['r._domainkey.ours.test', 'TXT'] as const
  const old = ['old._domainkey.ours.test', 'TXT'] as const
  const sts = ['_mta-sts.ours.test', 'TXT'] as const
  const imaps = ['_imaps._tcp.ours.test', 'SRV'] as const

  it.each([
    [mx, ['20 MX.ours.test', '10 other.test'], 'met'],
    [mx, ['10 other.test'], 'other'],
    [spf, ['x=1', 'v=spf1 ip4:192.0.2.1 -all'], 'met'],
    [spf, ['v=spf1 ip4:192.0.2.1'], 'other'],
    [spf, ['v=spf1 redirect=other.test'], 'met'],
    [spf, ['v=spf1 -all', 'v=spf1 ~all'], 'several'],
    [spf, ['x=1'], 'missing'],
    [key, [`k=rsa; p=${'A'.repeat(392)}`], 'met'],
    [key, ['v=DKIM1; p='], 'other'],
    [old, ['v=DKIM1; p='], 'met'],
    [old, [`k=rsa; p=${'A'.repeat(392)}`], 'other'],
    [imaps, ['5 5 993 mx.ours.test'], 'met'],
    [imaps, ['0 1 993 other.test'], 'other'],
    [sts, ['v=STSv1; id=1'], 'other'],
  ] as const)('of %j, %j, is %s', async (record, answer, kind) => {
    expect(await state(record, answer, ['mtaStsMode=enforce'])).toBe(kind)
  })

  it('is told from what is not there, and from what nobody can tell', async () => {
    expect(await state(mx, { kind: 'nxdomain' })).toBe('missing')
    expect(await state(mx, { kind: 'none' })).toBe('missing')
    expect(await state(mx, { kind: 'failure', reason: 'SERVFAIL' })).toBe('unknown')
  })
})

/** Zone files as far as these go. */
function parseZone(text: string) {
  return text.split('\n').map((line) => {
    const [, name = '', type = '', data = ''] = /^(\S+)\. 3600 IN (\S+) (.*)$/.exec(line) ?? []
    const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, one = '']) =>
      one.replace(/\\(\d{3})|\\(.)/g, (_, code, plain) =>
        code === undefined ? plain : String.fromCharCode(Number(code)),
      ),
    )
    if (type !== 'TXT') return { name, type, value: data.replace(/(?<=.)\.$/, ''), strings: [] }
    return { name, type, value: strings.join(''), strings }
  })
}

describe('the records in a zone file', () => {
  it('are read as they were meant', () => {
    const records = wanted(['mtaStsMode=enforce', 'listeners.pop3.enabled=no'])
    const read = parseZone(zoneLines(records).join('\n'))
    const asRead = ({ name, type, value }: { name: string; type: string; value: string }) =>
      `${name} ${type} ${value.replace(/ \.$/, ' ')}`
    expect(read.map(asRead)).toEqual(records.map(asRead))
    expect(Math.max(...read.flatMap(({ strings }) => strings.map(({ length }) => length)))).toBe(
      255,
    )
  })

  it('are cut and escaped where they must be', () => {
    const value = `say "hi" \\ \xe4${'x'.repeat(300)}`
    const [line = ''] = zoneLines([{ name: 'a.test', type: 'TXT', value }])
    expect(line).toContain('"say \\"hi\\" \\\\ \\228xxx')
    expect(parseZone(line)[0]?.value).toBe(value)
  })

  it('are sets for Route 53', () => {
    const records = [
      { name: 'a.test', type: 'TXT', value: 'one' },
      { name: 'a.test', type: 'TXT', value: 'two' },
      { name: 'a.test', type: 'MX', value: '10 mx.test' },
    ] as const
    expect(route53Changes(records, 'x')).toEqual({
      Comment: 'x',
      Changes: [
        {
          Action: 'UPSERT',
          ResourceRecordSet: {
            Name: 'a.test.',
            Type: 'TXT',
            TTL: 3_600,
            ResourceRecords: [{ Value: '"one"' }, { Value: '"two"' }],
          },
        },
        {
          Action: 'UPSERT',
          ResourceRecordSet: {
            Name: 'a.test.',
            Type: 'MX',
            TTL: 3_600,
            ResourceRecords: [{ Value: '10 mx.test.' }],
          },
        },
      ],
    })
  })
})
