// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of Postfix look like those

import { describe, expect, it } from 'vitest'
import { describeSettings } from '#shared/settings/describe.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'

function load(...overrides: readonly string[]) {
  const loaded = loadSettings({
    environment: {},
    overrides,
    readFile: () => 'dqs=secretsecret # of the provider\n',
  })
  return loaded.kind === 'ok'
    ? { ...loaded, shown: new Map(describeSettings(loaded).map((one) => [one.path, one.value])) }
    : expect.fail(loaded.problems.map(formatProblem).join('\n'))
}

function problemsOf(...overrides: readonly string[]): string {
  const loaded = loadSettings({ environment: {}, overrides })
  return loaded.kind === 'ok' ? '' : loaded.problems.map(formatProblem).join('\n')
}

describe('keys of DNS lists', () => {
  it('are read from a file or from the setting, and never shown', () => {
    for (const value of ['/etc/keys', 'dqs=secretsecret']) {
      const { settings, shown } = load(`dnsListKeys=${value}`)
      expect(settings.dnsListKeys).toEqual(new Map([['dqs', 'secretsecret']]))
      expect(shown.get('dnsListKeys')).toBe('(secret)')
    }
    expect(load().shown.get('dnsListKeys')).toBe('')
  })

  it('are not told with what is wrong with them, nor by other settings', () => {
    const wrong = problemsOf('dnsListKeys=dqs=SECRET!!')
    expect(wrong).toContain('dnsListKeys')
    expect(wrong).not.toContain('SECRET!!')
    const referring = problemsOf('dnsListKeys=dqs=secretsecret', 'hostname=$dnsListKeys')
    expect(referring).toContain('$dnsListKeys is a secret')
    expect(referring).not.toContain('secretsecret')
  })

  it.each(['dqs=short', 'dqs', '=secretsecret', 'dqs=with.dots.in.it', 'a b=secretsecret=x'])(
    'are not %s',
    (value) => {
      expect(problemsOf(`dnsListKeys=${value}`)).not.toBe('')
    },
  )

  it('must be there for the lists that want one', () => {
    expect(problemsOf('smtpdClientRestrictions=reject_rbl_client <dqs>.zen.test')).toBe(
      'smtpdClientRestrictions and dnsListKeys: there is no key named dqs',
    )
    expect(problemsOf('weightDnsLists=<other>.zen.test 1 0 ZEN')).toContain('named other')
  })
})

describe('replies to who is in a DNS list', () => {
  it('have dollar signs of their own, as Postfix writes them', () => {
    const template = '$rbl_code ${rbl_reason?{$rbl_reason}:{no}}'
    const { settings, shown } = load(
      `defaultRblReply=${template}`,
      `rblReplyMaps={ Zen.test=127.0.0.2 ${template} }, { other.test 550 no }`,
    )
    expect(settings.defaultRblReply.text).toBe(template)
    expect(shown.get('defaultRblReply')).toBe(template)
    expect([...settings.rblReplyMaps].map(([name, { text }]) => [name, text])).toEqual([
      ['zen.test=127.0.0.2', template],
      ['other.test', '550 no'],
    ])
    expect(shown.get('rblReplyMaps')).toBe(
      `{ zen.test=127.0.0.2 ${template} } { other.test 550 no }`,
    )
  })

  it.each([
    'defaultRblReply=$rbl_nothing',
    'defaultRblReply=',
    'rblReplyMaps=zen.test 550 no',
    'rblReplyMaps={ zen.test }',
    'rblReplyMaps={ zen.test 550 no',
    'rblReplyMaps={ zen.test=1.2.3 550 no }',
    'rblReplyMaps={ zen.test 550 no } zen.test',
  ])('are not %s', (override) => {
    expect(problemsOf(override)).not.toBe('')
  })
})

describe('settings of weighing', () => {
  it('are those of the preset, or what is set', () => {
    const names = (preset: string) =>
      load(`policyPreset=${preset}`).settings.weightDnsLists.map(({ name }) => name)
    expect(names('isp')).toEqual(['DYN_PBL_SPAMHAUS', 'SBL_XBL_SPAMHAUS', 'SPAMCOP'])
    expect(names('modern')).toContain('DNSWL')
    // Nobody gains by not being in a list that may be dead.
    const { weightDnsLists } = load('policyPreset=modern').settings
    expect(weightDnsLists.filter(({ miss }) => miss !== 0)).toEqual([])
    expect(load('weightDnsLists=a.test=127.0.0.2 1.5 -1 A').settings.weightDnsLists).toEqual([
      expect.objectContaining({ hit: 1.5, miss: -1, name: 'A' }),
    ])
  })

  it("are Debian's scores where nothing else is said", () => {
    const { weightScores } = load('weightScores=helo_numeric=9:-1, random_sender=0:0').settings
    expect(weightScores).toMatchObject({
      helo_numeric: { hit: 9, miss: -1 },
      random_sender: { hit: 0, miss: 0 },
      helo: { hit: 1.5, miss: -2 },
    })
  })

  it.each([
    'weightDnsLists=a.test 1 0',
    'weightDnsLists=a.test one 0 A',
    'weightDnsLists=a.test 1 0 A B',
    'weightDnsLists=a.test=1 1 0 A',
    'weightScores=helo=1',
    'weightScores=nothing=1:0',
    'weightScores=helo=1:0:0',
    'weightRejectLevel=much',
    'weightRejectMessage=250 welcome',
    'weightRejectMessage=OK',
  ])('are not %s', (override) => {
    expect(problemsOf(override)).not.toBe('')
  })
})
