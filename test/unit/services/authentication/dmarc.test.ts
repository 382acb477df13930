import { describe, expect, it } from 'vitest'
import { evaluateDmarc } from '#services/authentication/dmarc.ts'
import { mailauthResolver } from '#services/authentication/mailauth-resolver.ts'
import type { DkimSignature } from '#services/authentication/signatures.ts'
import type { SpfResult } from '#shared/contracts/authentication.ts'
import { createFakeResolver, type FakeZone } from '#test/support/fake-dns.ts'

const noSpf: SpfResult = { result: 'none', identity: 'mailfrom', domain: '' }
const spfPass = (domain: string): SpfResult => ({ result: 'pass', identity: 'mailfrom', domain })
const signed = (domain: string, result: DkimSignature['result'] = 'pass'): DkimSignature => ({
  result,
  reason: undefined,
  domain,
  identity: undefined,
  selector: 's',
  algorithm: undefined,
  start: undefined,
})

async function evaluate(
  from: string | readonly string[],
  zone: FakeZone,
  { spf = noSpf, dkim = [] as readonly DkimSignature[], fromFields = 1 } = {},
) {
  const dns = createFakeResolver(zone)
  const given = { from: [from].flat(), fromFields, dkim }
  const result = await evaluateDmarc(given, spf, mailauthResolver(dns))
  return { ...result, questions: dns.questions }
}

const record = (text: string) => ({ txt: [`v=DMARC1; ${text}`] })

// RFC 9989 §4.10: where the author's policy stands.
describe('the policy of an author', () => {
  it.each<[what: string, from: string, zone: FakeZone, policy: string, at: string]>([
    [
      "is its domain's own",
      'a@x.test',
      { '_dmarc.x.test': record('p=reject') },
      'reject',
      'x.test',
    ],
    [
      'is sp of the organisation for what is below it',
      'a@mail.x.test',
      { '_dmarc.x.test': record('p=reject; sp=quarantine'), 'mail.x.test': { a: ['192.0.2.1'] } },
      'quarantine',
      'x.test',
    ],
    [
      'is p of the organisation without sp',
      'a@mail.x.test',
      { '_dmarc.x.test': record('p=reject'), 'mail.x.test': { a: ['192.0.2.1'] } },
      'reject',
      'x.test',
    ],
    [
      'is np for a domain that does not exist',
      'a@none.x.test',
      { '_dmarc.x.test': record('p=none; sp=none; np=reject') },
      'reject',
      'x.test',
    ],
    [
      'is sp for one that does',
      'a@mail.x.test',
      { '_dmarc.x.test': record('p=none; np=reject'), 'mail.x.test': {} },
      'none',
      'x.test',
    ],
    [
      'is of the public suffix where the organisation has none',
      'a@x.bank',
      { '_dmarc.bank': record('p=none; sp=quarantine; psd=y'), 'x.bank': {} },
      'quarantine',
      'bank',
    ],
    [
      'is one step softer while it is tested',
      'a@x.test',
      { '_dmarc.x.test': record('p=reject; t=y') },
      'quarantine',
      'x.test',
    ],
    [
      'is none of the record in the middle of the walk',
      'a@a.b.x.test',
      {
        '_dmarc.b.x.test': record('p=none'),
        '_dmarc.x.test': record('p=reject'),
        'a.b.x.test': {},
      },
      'reject',
      'x.test',
    ],
    [
      'is of the domain that says it is an organisation',
      'a@a.b.x.test',
      {
        '_dmarc.b.x.test': record('p=quarantine; psd=n'),
        '_dmarc.x.test': record('p=reject'),
        'a.b.x.test': {},
      },
      'quarantine',
      'b.x.test',
    ],
  ])('%s', async (_, from, zone, policy, at) => {
    expect(await evaluate(from, zone)).toMatchObject({
      result: 'fail',
      policy,
      record: { domain: at },
    })
  })

  it('is looked for with eight questions at most', async () => {
    const deep = `a@${'l.'.repeat(20)}x.test`
    const { result, questions } = await evaluate(deep, {})
    expect([result, questions.length]).toEqual(['none', 8])
    expect(questions.at(-1)).toBe('TXT _dmarc.test')
  })

  it.each([
    ['two records', { txt: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] }],
    ['a record of another kind', { txt: ['v=spf1 -all'] }],
    ['a version in other letters', { txt: ['v=dmarc1; p=reject'] }],
    ['no p and nobody to report to', { txt: ['v=DMARC1; sp=reject'] }],
  ])('is none where there are %s', async (_, at) => {
    expect((await evaluate('a@x.test', { '_dmarc.x.test': at })).result).toBe('none')
  })

  it('is not known where the DNS does not say', async () => {
    const spf = spfPass('x.test')
    expect(await evaluate('a@x.test', { '_dmarc.x.test': 'failure' }, { spf })).toMatchObject({
      result: 'temperror',
    })
  })
})

// RFC 9989 §4.4: who vouches for it.
describe('an author is vouched for', () => {
  const zone: FakeZone = {
    '_dmarc.x.test': record('p=reject'),
    '_dmarc.strict.test': record('p=reject; adkim=s; aspf=s'),
  }

  it.each<[what: string, from: string, given: Parameters<typeof evaluate>[2], result: string]>([
    ['by SPF of its domain', 'a@x.test', { spf: spfPass('x.test') }, 'pass'],
    ['by SPF of its organisation', 'a@x.test', { spf: spfPass('bounce.x.test') }, 'pass'],
    ['not by SPF of another', 'a@x.test', { spf: spfPass('y.test') }, 'fail'],
    ['by a signature of its organisation', 'a@mail.x.test', { dkim: [signed('x.test')] }, 'pass'],
    ['by one good of several', 'a@x.test', { dkim: [signed('y.test'), signed('x.test')] }, 'pass'],
    ['not by a bad one', 'a@x.test', { dkim: [signed('x.test', 'fail')] }, 'fail'],
    [
      'not by one of a part of the body',
      'a@x.test',
      { dkim: [signed('x.test', 'policy')] },
      'fail',
    ],
    ['strictly by itself alone', 'a@strict.test', { dkim: [signed('m.strict.test')] }, 'fail'],
    ['strictly by itself', 'a@strict.test', { spf: spfPass('strict.test') }, 'pass'],
    ['not by a public suffix', 'a@x.test', { dkim: [signed('test')] }, 'fail'],
    [
      'not by SPF that only softly fails',
      'a@x.test',
      { spf: { ...spfPass('x.test'), result: 'softfail' } },
      'fail',
    ],
  ])('%s', async (_, from, given, result) => {
    expect((await evaluate(from, zone, given)).result).toBe(result)
  })
})

it('is none of a message without an author: there is nobody to ask about', async () => {
  const given = { spf: spfPass('x.test'), dkim: [signed('x.test')], fromFields: 0 }
  expect(await evaluate([], {}, given)).toEqual({ result: 'none', from: '', questions: [] })
})

describe('it is not applied, and never a pass, where', () => {
  const zone: FakeZone = { '_dmarc.x.test': record('p=none'), '_dmarc.y.test': record('p=none') }
  const given = { spf: spfPass('x.test'), dkim: [signed('x.test')] }

  it.each<[what: string, from: readonly string[], fromFields: number]>([
    ['there is no address in From', [], 1],
    ['there are authors of several domains', ['a@x.test', 'b@y.test'], 1],
    ['From stands twice', ['a@x.test', 'a@x.test'], 2],
  ])('%s', async (_, from, fromFields) => {
    expect((await evaluate(from, zone, { ...given, fromFields })).result).toBe('permerror')
  })
})
