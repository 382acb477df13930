import { describe, expect, it } from 'vitest'
import type { DaneFinding } from '#services/delivery/remote/tls/dane.ts'
import type { HostQuestion, HostSecurity } from '#services/delivery/remote/tls/host-security.ts'
import { createSecurityOf, type TlsPolicyOptions } from '#services/delivery/remote/tls/policies.ts'
import type { StsPolicy } from '#services/delivery/remote/tls/sts.ts'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { TlsOutcome } from '#shared/contracts/tls-report.ts'
import { inlineMaps, tableRef } from '#test/support/inline-maps.ts'
import { hopOf } from '#test/support/next-hop.ts'
import { tlsPolicyOptions } from '#test/support/tls-policies.ts'

type World = Partial<TlsPolicyOptions> & {
  readonly dane?: DaneFinding | null
  readonly sts?: StsPolicy
  readonly map?: string
}
type Asked = Partial<Omit<HostQuestion, 'hop'>> & { readonly hop?: string }

const record = { usage: 3, selector: 1, matching: 1, data: new Uint8Array(32) }
const usable: DaneFinding = {
  kind: 'usable',
  records: [record],
  base: 'mx.there.test',
  names: ['mx.there.test', 'there.test'],
  isMxSecure: true,
}
const none: DaneFinding = { kind: 'none', isMxSecure: false }
const policy = (changes: Partial<StsPolicy> = {}): StsPolicy => ({
  mode: 'enforce',
  mx: ['*.there.test'],
  id: '1',
  strings: [],
  ...changes,
})

async function ask({ dane = null, sts, map, ...options }: World = {}, asked: Asked = {}) {
  const told: TlsOutcome[] = []
  const { hop = 'there.test', ...question } = asked
  const securityOf = createSecurityOf({
    options: tlsPolicyOptions({ ...options, policyMaps: map === undefined ? [] : [tableRef(map)] }),
    maps: inlineMaps,
    dane: dane && { findFor: async () => dane },
    sts: { policyOf: async (domain) => (domain === 'there.test' ? sts : undefined) },
    reports: { note: (outcome) => void told.push(outcome) },
  })
  const security = await securityOf({
    hop: hopOf(hop),
    host: 'mx.there.test',
    logsIn: false,
    requireTls: false,
    tlsRequiredNo: false,
    ageMs: 0,
    ...question,
  })
  return { security, told }
}

/** In short: what is asked of the host. */
function inShort(security: HostSecurity | Undelivered): string {
  switch (security.kind) {
    case 'clear':
    case 'opportunistic':
      return security.kind
    case 'deferred':
    case 'failed':
      return security.status
    case 'required': {
      const { proof } = security
      return proof.kind === 'names' ? `names ${proof.names.join(' ')}` : proof.kind
    }
  }
}

const security = async (world?: World, asked?: Asked) => inShort((await ask(world, asked)).security)

describe('a level', () => {
  it.each([
    ['none', 'clear'],
    ['may', 'opportunistic'],
    ['auto', 'opportunistic'],
    ['encrypt', 'nothing'],
    ['verify', 'names mx.there.test'],
    ['secure', 'names there.test .there.test'],
    ['fingerprint', 'fingerprints'],
    // Without records: as `may`; without any name server that is believed, too.
    ['dane', 'opportunistic'],
    ['dane-only', '4.7.5'],
  ] as const)('%s: %s', async (level, expected) => {
    expect(await security({ level })).toBe(expected)
    expect(await security({ level, dane: none })).toBe(expected)
  })

  it.each([
    ['auto', 'names mx.there.test'],
    ['none', 'names mx.there.test'],
    ['may', 'names mx.there.test'],
    ['encrypt', 'nothing'],
    ['dane', 'names mx.there.test'],
    ['secure', 'names there.test .there.test'],
  ] as const)('%s, where a password is sent: %s', async (level, expected) => {
    expect(await security({ level }, { logsIn: true })).toBe(expected)
  })

  it('may gives way to clear text when the message has waited, and not with a password', async () => {
    const mayBeClear = async (asked: Asked) => {
      const { security } = await ask({ level: 'may' }, asked)
      return security.kind === 'opportunistic' && security.mayBeClear
    }
    expect(await mayBeClear({ ageMs: 299_999 })).toBe(false)
    expect(await mayBeClear({ ageMs: 300_000 })).toBe(true)
    expect(await mayBeClear({ ageMs: 300_000, logsIn: true })).toBe(false)
  })

  it('names no address as SNI', async () => {
    const { security } = await ask({ level: 'encrypt' }, { hop: '[192.0.2.1]', host: '192.0.2.1' })
    expect(security).toMatchObject({ terms: { servername: undefined } })
  })
})

describe('smtpTlsPolicyMaps', () => {
  it.each([
    ['there.test', 'there.test', true],
    ['there.test', '[there.test]', true],
    ['there.test', 'there.test:587', true],
    ['there.test:587', 'there.test:587', true],
    ['there.test:587', 'there.test', false],
    ['[there.test]:587', '[there.test]:587', true],
    ['[there.test]:587', 'there.test:587', false],
    ['.test', 'there.test', true],
    ['.there.test', 'there.test', false],
    ['.there.test', 'sub.there.test', true],
    ['there.test', 'sub.there.test', false],
  ])('the entry %s holds for %s: %s', async (key, hop, holds) => {
    const map = `inline:{ {${key} = encrypt} }`
    expect(await security({ map }, { hop })).toBe(holds ? 'nothing' : 'opportunistic')
  })

  it('goes before the level, and before MTA-STS', async () => {
    const map = 'inline:{ {there.test = none} }'
    expect(await security({ map, level: 'secure', sts: policy() })).toBe('clear')
  })

  it('the hop as it is routed goes before its domain', async () => {
    const map = 'inline:{ {there.test = none}, {there.test:587 = secure match=x.test} }'
    expect(await security({ map }, { hop: 'there.test:587' })).toBe('names x.test')
  })

  it('says protocols, ciphers and SNI', async () => {
    const map =
      'inline:{ {there.test = encrypt protocols=TLSv1.3 ciphers=high servername=nexthop} }'
    expect((await ask({ map })).security).toMatchObject({
      terms: {
        protocols: { min: 'TLSv1.3', max: 'TLSv1.3' },
        ciphers: expect.stringMatching(/^HIGH:[^M]/),
        servername: 'there.test',
        policy: 'smtpTlsPolicyMaps for there.test: encrypt',
      },
    })
  })

  it('keeps the mail waiting that it says nothing usable of', async () => {
    expect((await ask({ map: 'inline:{ {there.test = scure} }' })).security).toEqual({
      kind: 'deferred',
      status: '4.7.5',
      reply: "smtpTlsPolicyMaps for there.test: 'scure' is no TLS level",
    })
  })

  it('may ask for DANE where nobody is believed, and gets none', async () => {
    const map = 'inline:{ {there.test = dane-only} }'
    expect(await security({ map })).toBe('4.7.5')
  })
})

describe('TLSA records', () => {
  it.each([
    ['usable', usable, 'dane', 'dane'],
    ['usable, the way to the host not signed', { ...usable, isMxSecure: false }, 'dane', '4.7.5'],
    ['unusable', { kind: 'unusable', base: 'mx.there.test', isMxSecure: true }, 'nothing', '4.7.5'],
    ['none', none, 'opportunistic', '4.7.5'],
    ['not to be had', { kind: 'failure', why: 'SERVFAIL' }, '4.7.5', '4.7.5'],
  ] satisfies [string, DaneFinding, string, string][])(
    '%s: level dane asks for %3$s, dane-only for %4$s',
    async (_, dane, expected, only) => {
      expect(await security({ dane, level: 'dane' })).toBe(expected)
      expect(await security({ dane, level: 'auto' })).toBe(expected)
      expect(await security({ dane, level: 'dane-only' })).toBe(only)
    },
  )

  it('count for levels that say so, and no others', async () => {
    expect(await security({ dane: usable, level: 'may' })).toBe('opportunistic')
    expect(await security({ dane: usable, level: 'verify' })).toBe('names mx.there.test')
  })

  it('say what the host is called, and whether that is proven', async () => {
    const base = { ...usable, base: 'real.there.test', isMxSecure: false }
    expect((await ask({ dane: base })).security).toMatchObject({
      proof: { isVerified: false },
      terms: { servername: 'real.there.test', protocols: { min: 'TLSv1.2' } },
    })
  })

  it('are not asked for where the next hop is an address', async () => {
    expect(await security({ dane: usable }, { hop: '[192.0.2.1]', host: '192.0.2.1' })).toBe(
      'opportunistic',
    )
  })

  it('go before MTA-STS, whether they hold or not', async () => {
    expect(await security({ dane: usable, sts: policy() })).toBe('dane')
    expect(await security({ dane: { kind: 'failure', why: 'SERVFAIL' }, sts: policy() })).toBe(
      '4.7.5',
    )
  })

  it('that are not to be had are told to the domain', async () => {
    const { told, security } = await ask({
      dane: { kind: 'failure', why: 'TLSA records: SERVFAIL' },
    })
    expect(security).toMatchObject({
      reply: 'host mx.there.test: TLSA records: SERVFAIL (smtpTlsSecurityLevel dane)',
    })
    expect(told).toMatchObject([{ result: 'dnssec-invalid', policy: { type: 'tlsa' } }])
  })
})

describe('MTA-STS', () => {
  it.each([
    ['auto', none, 'names mx.there.test'],
    ['may', null, 'names mx.there.test'],
    ['dane', none, 'names mx.there.test'],
    ['dane', { kind: 'unusable', base: 'x', isMxSecure: true }, 'names mx.there.test'],
    ['encrypt', null, 'names mx.there.test'],
    ['secure', null, 'names there.test .there.test'],
    ['none', null, 'clear'],
  ] satisfies [TlsPolicyOptions['level'], DaneFinding | null, string][])(
    'in force, beside the level %s: %3$s',
    async (level, dane, expected) => {
      expect(await security({ level, dane, sts: policy() })).toBe(expected)
    },
  )

  it('in force, a host that is not named is not used', async () => {
    const { security, told } = await ask({ sts: policy({ mx: ['mx.elsewhere.test'] }) })
    expect(security).toEqual({
      kind: 'deferred',
      status: '4.7.5',
      reply: 'host mx.there.test is not named by the MTA-STS policy of there.test',
    })
    expect(told).toMatchObject([{ result: 'validation-failure', host: 'mx.there.test' }])
  })

  it.each([
    [['mx.there.test'], true],
    [['*.there.test'], true],
    [['*.test'], false],
    [['*.mx.there.test'], false],
    [['there.test'], false],
  ])('names %s: %s', async (mx, isNamed) => {
    expect(await security({ sts: policy({ mx }) })).toBe(isNamed ? 'names mx.there.test' : '4.7.5')
  })

  it('in testing changes nothing, and is told', async () => {
    const testing = await ask({ sts: policy({ mode: 'testing' }) })
    expect(testing.security).toMatchObject({
      kind: 'opportunistic',
      terms: {
        tested: { kind: 'names', names: ['mx.there.test'] },
        reported: [{ type: 'sts', domain: 'there.test', mxHosts: ['*.there.test'] }],
      },
    })
    const other = await ask({ sts: policy({ mode: 'testing', mx: ['x.test'] }) })
    expect(other.security).toMatchObject({ kind: 'opportunistic', terms: { reported: [] } })
    expect(other.told).toMatchObject([{ result: 'validation-failure' }])
  })

  it('is not for hosts in brackets, nor where a password is sent', async () => {
    expect(await security({ sts: policy() }, { hop: '[there.test]' })).toBe('opportunistic')
    expect(await security({ sts: policy() }, { logsIn: true, host: 'x.test' })).toBe('names x.test')
  })
})

describe('TLS-Required: No', () => {
  it('passes over maps, levels and what the domain publishes, and tells nobody', async () => {
    const world: World = { map: 'static:secure', dane: usable, sts: policy(), level: 'secure' }
    const { security, told } = await ask(world, { tlsRequiredNo: true })
    expect(security).toMatchObject({ kind: 'opportunistic', terms: { reported: [] } })
    expect(told).toEqual([])
  })

  it('does not make TLS of none, does not weaken a login, and is nothing beside REQUIRETLS', async () => {
    const no = { tlsRequiredNo: true }
    expect(await security({ level: 'none' }, no)).toBe('clear')
    expect(await security({ level: 'secure' }, { ...no, logsIn: true })).toMatch(/^names/)
    expect(await security({ dane: usable }, { ...no, requireTls: true })).toBe('dane')
  })
})

describe('REQUIRETLS', () => {
  const requireTls = { requireTls: true }

  it.each([
    ['no proof of its name', {}, {}, '5.7.10'],
    [
      'a signed way and no records',
      { dane: { ...none, isMxSecure: true } },
      {},
      'names mx.there.test',
    ],
    ['TLSA records', { dane: usable }, {}, 'dane'],
    ['records that are not to be had', { dane: { kind: 'failure', why: 'x' } }, {}, '4.7.5'],
    ['its name in an MTA-STS policy', { sts: policy() }, {}, 'names mx.there.test'],
    [
      'its name in a policy that is only tested',
      { sts: policy({ mode: 'testing' }) },
      {},
      'names mx.there.test',
    ],
    ['another name in a policy', { sts: policy({ mx: ['x.test'] }) }, {}, '5.7.10'],
    ['the name of the domain', {}, { host: 'there.test' }, 'names there.test'],
    ['the name that the administrator gave', {}, { hop: '[mx.there.test]' }, 'names mx.there.test'],
  ] satisfies [string, World, Asked, string][])(
    'to a host with %s',
    async (_, world, asked, expected) => {
      expect(await security({ level: 'none', ...world }, { ...requireTls, ...asked })).toBe(
        expected,
      )
    },
  )

  it('is asked of the host', async () => {
    expect((await ask({ dane: usable }, requireTls)).security).toMatchObject({
      terms: { requireTls: true, policy: 'REQUIRETLS, TLSA records of mx.there.test' },
    })
  })
})
