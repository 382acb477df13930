import { describe, expect, it } from 'vitest'
import {
  CANONICAL_ROUNDS_MAX,
  createAddressRewriting,
  rewritesHeaders,
} from '#shared/directory/rewriting.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'

const base = ['hostname=mx.example.test', 'defaultDomain=example.test']

function settingsWith(...set: readonly string[]) {
  const loaded = loadSettings({ environment: {}, overrides: [...base, ...set] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  return loaded.settings
}

const rewriting = (...set: readonly string[]) =>
  createAddressRewriting({ maps: fakeAccessTables(), settings: settingsWith(...set) })

describe('the sender of an envelope', () => {
  const sender = (address: string, ...set: readonly string[]) =>
    rewriting(...set).envelope('sender', address)

  it.each([
    // canonical(5): the whole address, without its extension, the name alone where it is ours, the domain.
    ['a@x.test', 'b@y.test', '{a@x.test=b@y.test}, {@x.test=c@y.test}'],
    ['a+e@x.test', 'b+e@y.test', '{a@x.test=b@y.test}'],
    ['a+e@x.test', 'b@y.test', '{a+e@x.test=b@y.test}'],
    ['a@example.test', 'b@y.test', '{a=b@y.test}'],
    ['a@mx.example.test', 'b@y.test', '{a=b@y.test}'],
    ['a@x.test', 'a@x.test', '{a=b@y.test}'],
    ['a@x.test', 'a@y.test', '{@x.test=@y.test}'],
    ['a+e@x.test', 'a+e@y.test', '{@x.test=@y.test}'],
    ['a@x.test', 'b@example.test', '{a@x.test=b}'],
    ['A@X.test', 'b@y.test', '{a@x.test=b@y.test}'],
    // Again, until it stays.
    ['a@x.test', 'c@z.test', '{a@x.test=b@y.test}, {b@y.test=c@z.test}'],
    ['a@x.test', 'a@x.test', '{@x.test=@x.test}'],
    // More than one: the first. No address: as it was.
    ['a@x.test', 'b@y.test', '{a@x.test=b@y.test, c@y.test}'],
    ['a@x.test', 'a@x.test', '{a@x.test=@}'],
    ['', '', '{a@x.test=b@y.test}'],
  ])('%s becomes %s by %s', async (before, after, entries) => {
    expect(await sender(before, `canonicalMaps=inline:{ ${entries} }`)).toBe(after)
  })

  it('ends in circles after so many rounds', async () => {
    const circle = 'canonicalMaps=inline:{ {a@x.test=b@x.test}, {b@x.test=a@x.test} }'
    expect(CANONICAL_ROUNDS_MAX % 2).toBe(0)
    expect(await sender('a@x.test', circle)).toBe('a@x.test')
  })

  it('keeps an extension to itself where none is to be passed on', async () => {
    const maps = 'canonicalMaps=inline:{a@x.test=b@y.test}'
    expect(await sender('a+e@x.test', maps, 'propagateUnmatchedExtensions=')).toBe('b@y.test')
  })

  it('is looked for in its own map first, and in no class that is left out', async () => {
    const maps = [
      'senderCanonicalMaps=inline:{a@x.test=b@y.test}',
      'canonicalMaps=inline:{b@y.test=c@z.test}',
    ]
    expect(await sender('a@x.test', ...maps)).toBe('c@z.test')
    expect(await sender('a@x.test', ...maps, 'senderCanonicalClasses=header_sender')).toBe(
      'a@x.test',
    )
    expect(await sender('a@x.test', ...maps, 'canonicalClasses=header_sender')).toBe('b@y.test')
    expect(await rewriting(...maps).envelope('recipient', 'a@x.test')).toBe('a@x.test')
  })

  it.each([
    ['a@host.example.test', 'a@example.test'],
    ['a@deep.host.example.test', 'a@example.test'],
    ['a@example.test', 'a@example.test'],
    ['a@notexample.test', 'a@notexample.test'],
    ['a@keep.example.test', 'a@keep.example.test'],
    ['a@below.keep.example.test', 'a@below.keep.example.test'],
    ['root@host.example.test', 'root@host.example.test'],
  ])('%s is masqueraded as %s', async (before, after) => {
    const masquerade = [
      'masqueradeDomains=!keep.example.test, example.test',
      'masqueradeExceptions=root',
    ]
    expect(await sender(before, ...masquerade)).toBe(after)
    // Recipients of envelopes are not, by default: mail would not reach them.
    expect(await rewriting(...masquerade).envelope('recipient', before)).toBe(before)
  })
})

describe('an address in a header field', () => {
  it('is completed with a domain that has no dot, where that is wanted', async () => {
    const bob = parseAddress('bob@host')
    if (bob === undefined) throw new Error('no address')
    const header = async (...set: readonly string[]) =>
      formatAddress(await rewriting(...set).header('sender', bob))
    expect(await header()).toBe('bob@host')
    expect(await header('appendDotMydomain=yes')).toBe('bob@host.example.test')
  })
})

describe('who gets a copy', () => {
  const maps = [
    'alwaysBcc=all@arch.test',
    'senderBccMaps=inline:{ {boss@x.test=boss-copies} }',
    'recipientBccMaps=inline:{ {@w.test=w@arch.test}, {r@x.test=all@arch.test} }',
    'recipientCanonicalMaps=inline:{old@x.test=new@w.test}',
  ]
  it('is said by sender, by each recipient as rewritten, and by all mail; each once', async () => {
    const { copiesOf } = rewriting(...maps)
    expect(await copiesOf('boss@x.test', ['old@x.test', 'a@w.test', 'r@x.test'])).toEqual([
      'all@arch.test',
      'boss-copies@example.test',
      'w@arch.test',
    ])
    expect(await rewriting().copiesOf('boss@x.test', ['a@w.test'])).toEqual([])
  })
})

describe('generic addresses', () => {
  it('are asked for once, and lose an extension', async () => {
    const maps =
      'smtpGenericMaps=inline:{ {a@example.test=b@isp.test}, {b@isp.test=c@isp.test}, {@in.test=gate@isp.test} }'
    const { generic, hasGeneric } = rewriting(maps)
    expect(hasGeneric).toBe(true)
    expect(await generic('a@example.test')).toBe('b@isp.test')
    expect(await generic('a+e@example.test')).toBe('b@isp.test')
    expect(await generic('x+e@in.test')).toBe('gate@isp.test')
    expect(await generic('')).toBe('')
    expect(rewriting().hasGeneric).toBe(false)
  })
})

describe('whether header fields become others', () => {
  it.each<[boolean, ...string[]]>([
    [false],
    [true, 'canonicalMaps=static:a@x.test'],
    [false, 'canonicalMaps=static:a@x.test', 'canonicalClasses=envelope_sender'],
    [false, 'canonicalMaps=static:a@x.test', 'localHeaderRewriteClients='],
    [true, 'masqueradeDomains=example.test'],
    [false, 'smtpGenericMaps=static:a@x.test'],
  ])('%s: %s %s', (answer, ...set) => {
    expect(rewritesHeaders(settingsWith(...set))).toBe(answer)
  })
})
