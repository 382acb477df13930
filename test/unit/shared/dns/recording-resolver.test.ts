import { describe, expect, it } from 'vitest'
import {
  createRecordingResolver,
  createReplayResolver,
  RECORDED_BYTES_MAX,
} from '#shared/dns/recording-resolver.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

const zone = {
  'a.test': {
    mx: ['10 mx.a.test'],
    a: ['192.0.2.1'],
    aaaa: ['2001:db8::1'],
    txt: ['t'],
    ns: ['ns.test'],
  },
  'broken.test': 'failure',
  '192.0.2.1': { ptr: ['a.test'] },
} as const

describe('createRecordingResolver', () => {
  it('keeps every answer, from which the same is answered again', async () => {
    const { resolver, recorded } = createRecordingResolver(createFakeResolver(zone))
    const ask = (dns: typeof resolver) =>
      Promise.all([
        dns.resolveMx('a.test'),
        dns.resolve4('A.test'),
        dns.resolve6('a.test'),
        dns.resolveTxt('a.test'),
        dns.resolveNs('a.test'),
        dns.resolvePtr('192.0.2.1'),
        dns.resolveMx('broken.test'),
        dns.resolve4('absent.test'),
      ])
    const answers = await ask(resolver)
    const record = JSON.parse(JSON.stringify(recorded()))
    expect(Object.keys(record).slice(0, 2)).toEqual(['MX a.test', 'A a.test'])
    expect(await ask(createReplayResolver(record))).toEqual(answers)
  })

  it('asks the same question once', async () => {
    const inner = createFakeResolver(zone)
    const { resolver } = createRecordingResolver(inner)
    const [one, other] = await Promise.all([
      resolver.resolve4('a.test'),
      resolver.resolve4('A.test'),
    ])
    expect(one).toEqual(other)
    expect(await resolver.resolve4('a.test')).toEqual(one)
    expect(inner.questions).toHaveLength(1)
  })

  it('records so many bytes and no more', async () => {
    const txt = ['x'.repeat(RECORDED_BYTES_MAX / 2)]
    const { resolver, recorded } = createRecordingResolver(
      createFakeResolver({ 'a.test': { txt }, 'b.test': { txt }, 'c.test': {} }),
    )
    for (const name of ['a.test', 'b.test', 'c.test']) await resolver.resolveTxt(name)
    expect(Object.keys(recorded())).toEqual(['TXT a.test', 'TXT c.test'])
  })
})

describe('createReplayResolver', () => {
  it('knows nothing of what was not recorded', async () => {
    const dns = createReplayResolver({})
    expect(await dns.resolve4('a.test')).toEqual({ kind: 'failure', reason: 'not recorded' })
    expect(await dns.resolve4('constructor')).toMatchObject({ kind: 'failure' })
  })
})
