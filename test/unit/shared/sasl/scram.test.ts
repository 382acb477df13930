import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { saslPrep } from '#shared/sasl/sasl-prep.ts'
import {
  CLIENT_NONCE_CHARACTERS_MAX,
  parseClientFinal,
  parseClientFirst,
  SCRAM_MESSAGE_BYTES_MAX,
} from '#shared/sasl/scram.ts'

const first = (text: string) => parseClientFirst(Buffer.from(text))
const final = (text: string) => parseClientFinal(Buffer.from(text))

describe('parseClientFirst', () => {
  it('reads header, login and nonce', () => {
    expect(first('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')).toEqual({
      flag: 'n',
      login: 'user',
      isOther: false,
      nonce: 'rOprNGfwEbeRWgbNEkqO',
      gs2Header: 'n,,',
      bare: 'n=user,r=rOprNGfwEbeRWgbNEkqO',
    })
    expect(first('p=tls-exporter,a=u,n=u,r=x')).toMatchObject({
      flag: { binding: 'tls-exporter' },
      gs2Header: 'p=tls-exporter,a=u,',
    })
    expect(first('y,,n=u,r=x,z=any thing')?.bare).toBe('n=u,r=x,z=any thing')
  })

  it('undoes the escapes of a login and no others', () => {
    expect(first('n,,n=a=2Cb=3Dc,r=x')?.login).toBe('a,b=c')
    expect(first('n,,n=j\u00fcrgen,r=x')?.login).toBe('j\u00fcrgen')
    expect(first('n,,n=a=2c,r=x')).toBeUndefined()
    expect(first('n,,n=a=,r=x')).toBeUndefined()
  })

  it('lets nobody act for somebody else', () => {
    expect(first('n,a=user,n=user,r=x')).toMatchObject({ login: 'user', isOther: false })
    expect(first('n,a=root,n=user,r=x')).toMatchObject({ login: 'user', isOther: true })
    expect(first('n,a=ro=ot,n=user,r=x')).toBeUndefined()
  })

  it.each([
    ['', 'nothing'],
    ['n,n=user,r=x', 'no identity field'],
    ['x,,n=user,r=x', 'an unknown flag'],
    ['p=,,n=user,r=x', 'an empty binding name'],
    ['p=a/b,,n=user,r=x', 'a bad binding name'],
    ['n,,n=,r=x', 'an empty login'],
    ['n,,n=user,r=', 'an empty nonce'],
    ['n,,n=user', 'no nonce'],
    ['n,,r=x,n=user', 'another order'],
    ['n,,m=ext,n=user,r=x', 'a mandatory extension'],
    ['n,,n=user,r=a b', 'a space in the nonce'],
    ['n,,n=user,r=x,', 'an empty extension'],
    ['n,,n=us\0er,r=x', 'NUL'],
    [`n,,n=${'x'.repeat(1_025)},r=x`, 'a login too long'],
  ])('refuses %j: %s', (text) => {
    expect(first(text)).toBeUndefined()
  })

  it('takes nonces and messages up to their limits', () => {
    const nonce = 'x'.repeat(CLIENT_NONCE_CHARACTERS_MAX)
    expect(first(`n,,n=u,r=${nonce}`)?.nonce).toBe(nonce)
    expect(first(`n,,n=u,r=${nonce}x`)).toBeUndefined()
    const start = 'n,,n=u,r=x,z='
    const most = start + 'x'.repeat(SCRAM_MESSAGE_BYTES_MAX - start.length)
    expect(first(most)).toBeDefined()
    expect(first(`${most}x`)).toBeUndefined()
    expect(parseClientFirst(Uint8Array.of(...Buffer.from('n,,n='), 0xff, 0x2c))).toBeUndefined()
  })
})

describe('parseClientFinal', () => {
  it('reads channel binding, nonce and proof', () => {
    expect(final('c=biws,r=abc,p=AAAA')).toEqual({
      channelBinding: Buffer.from('n,,'),
      nonce: 'abc',
      proof: 'AAAA',
      withoutProof: 'c=biws,r=abc',
    })
    expect(final('c=biws,r=abc,z=1,p=AAAA')?.withoutProof).toBe('c=biws,r=abc,z=1')
  })

  it.each([
    '',
    'c=biws,r=abc',
    'r=abc,c=biws,p=AAAA',
    'c=,r=abc,p=AAAA',
    'c=biw,r=abc,p=AAAA',
    'c=biws,r=abc,p=AAA',
    'c=biws,r=abc,p=AAAA,z=1',
    'c=biws,r=,p=AAAA',
    'c=biws,r=abc,p=AAAA\n',
  ])('refuses %j', (text) => {
    expect(final(text)).toBeUndefined()
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        parseClientFirst(bytes)
        parseClientFinal(bytes)
      }),
    )
  })
})

describe('saslPrep', () => {
  // RFC 4013 §3
  it.each([
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
  ])('maps %j to %j', (text, prepared) => {
    expect(saslPrep(text)).toBe(prepared)
  })

  it('changes nothing in ASCII, and leaves something of everything', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => saslPrep(text) === text))
    expect(saslPrep('\u00ad')).toBe('\u00ad')
  })
})
