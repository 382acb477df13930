import { describe, expect, it } from 'vitest'
import { addressMapKeys, lookUpMaps, senderKeys, transportKeys } from '#shared/directory/maps.ts'
import { inlineMaps, tableRef } from '#test/support/inline-maps.ts'

const refs = (...texts: readonly string[]) => texts.map(tableRef)

describe('lookUpMaps', () => {
  it.each([
    // Keys before tables, as mail_addr_find does: the better key of a later table wins.
    [['inline:{ b=1 }', 'inline:{ a=2 }'], { key: 'a', result: '2' }],
    [['inline:{ a=1 }', 'inline:{ a=2 }'], { key: 'a', result: '1' }],
    [['inline:{ b=1 }'], { key: 'b', result: '1' }],
    [['inline:{ c=1 }'], undefined],
    [[], undefined],
  ])('in %j finds %j', async (texts, hit) => {
    expect(await lookUpMaps(inlineMaps, refs(...texts), ['a', 'b'])).toEqual(hit)
  })

  it('finds whatever is asked for in a static table, by the first key', async () => {
    const found = await lookUpMaps(inlineMaps, refs('static:x'), ['a', 'b'])
    expect(found?.result).toBe('x')
  })

  it('asks each table for one key after the other, and none after the first hit', async () => {
    const asked: string[] = []
    const [one, other] = refs('table:one', 'table:other')
    if (one === undefined || other === undefined) throw new Error('no tables')
    const maps: typeof inlineMaps = {
      async lookup(table, keys) {
        asked.push(`${table.kind === 'table' ? table.name : ''} ${keys}`)
        return asked.length === 3 ? { key: 'b', result: 'x' } : undefined
      },
    }
    await lookUpMaps(maps, [one, other], ['a', 'b', 'c'])
    expect(asked).toEqual(['one a', 'other a', 'one b'])
  })
})

// transport(5), TABLE SEARCH ORDER
describe('transportKeys', () => {
  it.each([
    [
      'Ann+x@Mail.Example.NET',
      [
        'ann+x@mail.example.net',
        'ann@mail.example.net',
        'mail.example.net',
        '.example.net',
        '.net',
      ],
    ],
    ['ann@example.net', ['ann@example.net', 'example.net', '.net']],
    ['"a+b"@example.net', ['"a+b"@example.net', 'example.net', '.net']],
    ['ann@[192.0.2.1]', ['ann@[192.0.2.1]', '[192.0.2.1]']],
    ['', ['<>']],
  ])('of %j are %j, and *', (address, keys) => {
    expect(transportKeys(address, '+')).toEqual([...keys, '*'])
  })

  it('knows no extension without a delimiter', () => {
    expect(transportKeys('ann+x@a.test', '')[1]).toBe('a.test')
  })
})

// canonical(5)
describe('addressMapKeys', () => {
  const options = { recipientDelimiter: '+-', isOurs: (domain: string) => domain === 'here.test' }
  it.each([
    ['Ann+x@away.test', ['ann+x@away.test', 'ann@away.test', '@away.test']],
    ['ann@here.test', ['ann@here.test', 'ann', '@here.test']],
    ['ann-x@here.test', ['ann-x@here.test', 'ann@here.test', 'ann-x', 'ann', '@here.test']],
    ['"a+b"@here.test', ['"a+b"@here.test', '"a+b"', '@here.test']],
    ['', ['<>']],
  ])('of %j are %j', (address, keys) => {
    expect(addressMapKeys(address, options)).toEqual(keys)
  })
})

describe('senderKeys', () => {
  it.each([
    ['ann+x@a.test', ['ann+x@a.test', 'ann@a.test', '@a.test', 'a.test']],
    ['', ['<>']],
  ])('of %j are %j', (sender, keys) => {
    expect(senderKeys(sender, '+')).toEqual(keys)
  })
})
