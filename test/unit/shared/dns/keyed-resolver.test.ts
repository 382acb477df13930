import { describe, expect, it } from 'vitest'
import { createKeyedResolver } from '#shared/dns/keyed-resolver.ts'
import { keyedZones } from '#shared/settings/restrictions/keyed-zones.ts'
import { settingsOf } from '#test/support/dns-list-words.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'

const key = 'k3yk3yk3y'
const settings = settingsOf([
  `dnsListKeys=dqs=${key}`,
  'smtpdHeloRestrictions=reject_rhsbl_helo <dqs>.dbl.test=127.0.1.[2..99]',
  'smtpdRestrictionClasses=strict={ reject_rbl_client <dqs>.zen.test }',
  'weightDnsLists=<dqs>.weighed.test 1 0 W, plain.test 1 0 P',
])

const keyed = { keys: settings.dnsListKeys, zones: keyedZones(settings) }

const world = () => {
  const inner = createFakeResolver({
    [`2.0.0.127.${key}.zen.test`]: { a: ['127.0.0.2'], txt: [`https://check.test/${key}?ip`] },
    [`9.${key}.zen.test`]: 'failure',
  })
  return { inner, dns: createKeyedResolver(inner, keyed) }
}

describe('a resolver that has keys of DNS lists', () => {
  it('asks with them, for the lists that settings name', () => {
    expect([...keyed.zones]).toEqual([
      ['<dqs>.dbl.test', `${key}.dbl.test`],
      ['<dqs>.zen.test', `${key}.zen.test`],
      ['<dqs>.weighed.test', `${key}.weighed.test`],
    ])
  })

  it('answers without them', async () => {
    const { dns, inner } = world()
    expect(await dns.resolve4('2.0.0.127.<dqs>.zen.test')).toEqual({
      kind: 'found',
      records: ['127.0.0.2'],
    })
    expect(await dns.resolveTxt('2.0.0.127.<dqs>.ZEN.test')).toEqual({
      kind: 'found',
      records: ['https://check.test/<dqs>?ip'],
    })
    expect((await dns.resolve4('9.<dqs>.zen.test')).kind).toBe('failure')
    expect(inner.questions).toContain(`A 2.0.0.127.${key}.zen.test`)
  })

  it('tells no key to the name servers of strangers', async () => {
    const { dns, inner } = world()
    for (const name of ['<dqs>.evil.test', 'a.<dqs>.zen.test.evil.test', '<dqs>.zen.test']) {
      await dns.resolve4(name)
      await dns.resolve6(name)
      await dns.resolveTxt(name)
      await dns.resolveMx(name)
    }
    await dns.resolveMx('a.<dqs>.zen.test')
    expect(inner.questions.join()).not.toContain(key)
  })

  it('is the resolver beneath where there are none', () => {
    const { inner } = world()
    expect(createKeyedResolver(inner, { ...keyed, zones: new Map() })).toBe(inner)
  })
})
