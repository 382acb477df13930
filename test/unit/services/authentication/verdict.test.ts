import { describe, expect, it } from 'vitest'
import type { DmarcPolicy, DmarcResult } from '#services/authentication/dmarc.ts'
import type { Findings } from '#services/authentication/results-field.ts'
import type { ArcSealed, DkimSignature } from '#services/authentication/signatures.ts'
import { type ActionPolicy, judge } from '#services/authentication/verdict.ts'

const defaults: ActionPolicy = {
  spf: { fail: 'tag', softfail: 'none', permerror: 'none' },
  dkim: { fail: 'none', none: 'none' },
  dmarc: { reject: 'quarantine', quarantine: 'quarantine', none: 'none', permerror: 'tag' },
  overrides: new Map(),
  trustedSealers: new Set(),
}

const fails = (policy: DmarcPolicy): DmarcResult => ({
  result: 'fail',
  from: 'author.test',
  policy,
  record: {
    domain: 'author.test',
    text: '',
    p: policy,
    sp: policy,
    np: undefined,
    strictDkim: false,
    strictSpf: false,
    testing: false,
  },
  alignedSpf: false,
  alignedDkim: false,
})
const passes: DmarcResult = { ...fails('reject'), result: 'pass' } as DmarcResult
const signature: DkimSignature = {
  result: 'pass',
  reason: undefined,
  domain: 'x.test',
  identity: undefined,
  selector: 's',
  algorithm: undefined,
  start: undefined,
}

const findings = (given: Partial<Findings> = {}): Findings => ({
  iprev: { result: 'pass', address: '192.0.2.1' },
  spf: { result: 'none', identity: 'mailfrom', domain: 'x.test' },
  dkim: [],
  ignored: 0,
  dmarc: { result: 'none', from: 'author.test' },
  arc: { result: 'none', reason: undefined, sets: [], coversFrom: false },
  notJudged: undefined,
  ...given,
})

const actionOf = (given: Partial<Findings>, policy: Partial<ActionPolicy> = {}, isList = false) =>
  judge(findings(given), isList, { ...defaults, ...policy }).action

const spf = (result: Findings['spf']['result']) =>
  ({ spf: { result, identity: 'mailfrom', domain: 'x.test' } }) as const

describe('by default', () => {
  it.each<[what: string, given: Partial<Findings>, action: string]>([
    ['mail of which nothing is known is taken', {}, 'none'],
    ['mail that its author wants refused goes into Junk', { dmarc: fails('reject') }, 'quarantine'],
    ['mail that its author wants set apart too', { dmarc: fails('quarantine') }, 'quarantine'],
    [
      'what an author says who wants nothing done changes nothing',
      { dmarc: fails('none') },
      'none',
    ],
    ['SPF fail is told', spf('fail'), 'tag'],
    ['but not where DMARC passes: it is forwarded', { ...spf('fail'), dmarc: passes }, 'none'],
    ['softfail is nothing', spf('softfail'), 'none'],
    ['a name server in trouble makes nobody an impostor', spf('temperror'), 'none'],
    ['nor does one about DMARC', { dmarc: { result: 'temperror', from: 'a.test' } }, 'none'],
    ['mail whose author cannot be told is', { dmarc: { result: 'permerror', reason: 'x' } }, 'tag'],
  ])('%s', (_, given, action) => {
    expect(actionOf(given)).toBe(action)
  })
})

describe('where the author is believed', () => {
  const strict = { dmarc: { ...defaults.dmarc, reject: 'reject' } } as const

  it('mail is refused', () => {
    expect(judge(findings({ dmarc: fails('reject') }), false, { ...defaults, ...strict })).toEqual({
      action: 'reject',
      reason: 'dmarc=fail (p=reject)',
      method: 'dmarc',
      override: undefined,
    })
  })

  it('but not what calls itself of a list: its subscribers would be taken off (RFC 7960)', () => {
    const given = findings({ dmarc: fails('reject') })
    expect(judge(given, true, { ...defaults, ...strict })).toMatchObject({
      action: 'quarantine',
      override: 'mailing_list',
    })
  })

  it.each<[sets: readonly ArcSealed[], coversFrom: boolean, action: string]>([
    [[{ sealer: 'list.test', dmarc: { result: 'pass', from: 'author.test' } }], true, 'none'],
    [[{ sealer: 'list.test', dmarc: { result: 'pass', from: 'author.test' } }], false, 'reject'],
    [[{ sealer: 'list.test', dmarc: { result: 'pass', from: 'other.test' } }], true, 'reject'],
    [[{ sealer: 'list.test', dmarc: { result: 'fail', from: 'author.test' } }], true, 'reject'],
    [[{ sealer: 'evil.test', dmarc: { result: 'pass', from: 'author.test' } }], true, 'reject'],
    // Who sealed last is trusted, and whom he vouches for is.
    [
      [
        { sealer: 'list.test', dmarc: { result: 'pass', from: 'author.test' } },
        { sealer: 'relay.test', dmarc: undefined },
      ],
      true,
      'none',
    ],
    [
      [
        { sealer: 'list.test', dmarc: { result: 'pass', from: 'author.test' } },
        { sealer: 'evil.test', dmarc: { result: 'pass', from: 'author.test' } },
      ],
      true,
      'reject',
    ],
    [
      [
        { sealer: 'evil.test', dmarc: { result: 'pass', from: 'author.test' } },
        { sealer: 'relay.test', dmarc: undefined },
      ],
      true,
      'reject',
    ],
  ])('and a trusted forwarder is too: %j (%s) is %s', (sets, coversFrom, action) => {
    const trustedSealers = new Set(['list.test', 'relay.test'])
    const arc = { result: 'pass', reason: undefined, sets, coversFrom } as const
    expect(actionOf({ dmarc: fails('reject'), arc }, { ...strict, trustedSealers })).toBe(action)
    const broken = { ...arc, result: 'fail' } as const
    expect(actionOf({ dmarc: fails('reject'), arc: broken }, { ...strict, trustedSealers })).toBe(
      'reject',
    )
  })

  it('an override of its domain counts, for those below too, and for no list', () => {
    const overrides = new Map([
      ['author.test', 'none'],
      ['evil.test', 'reject'],
    ] as const)
    const of = (from: string) => ({ dmarc: { ...fails('quarantine'), from } as DmarcResult })
    expect(actionOf(of('author.test'), { overrides })).toBe('none')
    expect(actionOf(of('mail.author.test'), { overrides })).toBe('none')
    expect(actionOf(of('notauthor.test'), { overrides })).toBe('quarantine')
    expect(actionOf(of('a.evil.test'), { overrides }, true)).toBe('reject')
  })
})

describe('what an administrator wants', () => {
  it('of SPF and DKIM is done, the strictest of it', () => {
    const policy = {
      spf: { fail: 'reject', softfail: 'tag', permerror: 'quarantine' },
      dkim: { fail: 'quarantine', none: 'tag' },
    } as const
    expect(actionOf(spf('fail'), policy)).toBe('reject')
    expect(actionOf(spf('permerror'), policy)).toBe('quarantine')
    expect(actionOf({}, policy)).toBe('tag')
    const bad = { ...signature, result: 'fail' } as const
    expect(actionOf({ dkim: [bad] }, policy)).toBe('quarantine')
    expect(actionOf({ ...spf('fail'), dkim: [bad] }, policy)).toBe('reject')
    expect(actionOf({ dkim: [bad, signature] }, policy)).toBe('none')
    expect(actionOf({ dkim: [{ ...bad, result: 'temperror' }] }, policy)).toBe('none')
    expect(actionOf({ ...spf('fail'), dmarc: passes }, policy)).toBe('none')
  })
})
