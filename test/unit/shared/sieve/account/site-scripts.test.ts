import { describe, expect, it } from 'vitest'
import { parseDomain } from '#shared/mail/domain.ts'
import { domainScripts, scriptNames } from '#shared/settings/sieve-kinds.ts'
import { createSiteScripts } from '#shared/sieve/account/site-scripts.ts'
import { must } from '#test/support/must.ts'

const none = { sieveBefore: [], sieveAfter: [], sieveDefault: '', sieveDomainDefaults: [] }
const one = must(parseDomain('one.test'))
const two = must(parseDomain('two.test'))

describe('site scripts', () => {
  it('concern nobody where none is set', () => {
    expect(createSiteScripts(none).concern(one)).toBe(false)
    expect(createSiteScripts(none).defaultOf(one)).toBeUndefined()
  })

  it('before and behind the own script concern everybody', () => {
    expect(createSiteScripts({ ...none, sieveBefore: ['a'] }).concern(one)).toBe(true)
    expect(createSiteScripts({ ...none, sieveAfter: ['a'] }).concern(undefined)).toBe(true)
  })

  it('of a domain go before the one for all', () => {
    const sieveDomainDefaults = must(domainScripts.parse('one.test=own'))
    const alone = createSiteScripts({ ...none, sieveDomainDefaults })
    expect([alone.concern(one), alone.concern(two)]).toEqual([true, false])
    const both = createSiteScripts({ ...none, sieveDefault: 'usual', sieveDomainDefaults })
    expect([both.defaultOf(one), both.defaultOf(two)]).toEqual(['own', 'usual'])
  })
})

describe('names of site scripts in settings', () => {
  it.each([
    ['', []],
    ['a, b c', ['a', 'b c']],
    ['a, a', undefined],
    ['a\u0000', undefined],
    [Array.from({ length: 21 }, (_, n) => `s${n}`).join(','), undefined],
  ])('%j are %j', (text, names) => {
    expect(scriptNames.parse(text)).toEqual(names)
  })

  it.each(['one.test', '=x', 'one.test=', 'one.test=a,one.test=b', 'no domain=a'])(
    'of domains are not %j',
    (text) => {
      expect(domainScripts.parse(text)).toBeUndefined()
    },
  )
})
