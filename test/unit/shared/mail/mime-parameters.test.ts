import { describe, expect, it } from 'vitest'
import {
  parameterValue,
  parseContentType,
  parseDisposition,
  parseLanguages,
  parseToken,
  TOKEN_BYTES_MAX,
} from '#shared/mail/mime-parameters.ts'

describe('parseContentType', () => {
  // RFC 2045 §5.1
  const rows: readonly [string, string][] = [
    ['text/plain', 'text/plain'],
    ['TEXT/Plain', 'text/plain'],
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain charset=[us-ascii]'],
    ['text/plain; charset="us-ascii"', 'text/plain charset=[us-ascii]'],
    ['(a)text(b)/(c)plain(d);(e)charset(f)=(g)x(h)', 'text/plain charset=[x(h)]'],
    ['text/plain;Charset=A;  FORMAT = flowed ', 'text/plain Charset=[A] FORMAT=[flowed]'],
    ['a/b; x="a;b=c (d) \\"e\\" \\\\"', 'a/b x=[a;b=c (d) "e" \\]'],
    ['a/b; x=""', 'a/b x=[]'],
    ['a/b; x=', 'a/b x=[]'],
    ['a/b; x=; y=1', 'a/b x=[] y=[1]'],
    ['application/x-a+b.c; v=1', 'application/x-a+b.c v=[1]'],
    // What mailers send.
    ['a/b;', 'a/b'],
    ['a/b;; ;x=1;;', 'a/b x=[1]'],
    ['a/b x=1 y="2" z=3', 'a/b x=[1] y=[2] z=[3]'],
    ['a/b; x=one two.pdf; y=1', 'a/b x=[one two.pdf] y=[1]'],
    ['a/b; x=one two', 'a/b x=[one two]'],
    ['a/b; x=a/b?=c@d', 'a/b x=[a/b?=c@d]'],
    ['a/b; x="open; y=1', 'a/b x=[open; y=1]'],
    ['a/b; x="a"b; y=1', 'a/b x=[a] y=[1]'],
    ['a/b; junk; x=1', 'a/b x=[1]'],
    ['a/b; =1; x=2', 'a/b x=[2]'],
    ['a/b; x=1 (open comment; y=2', 'a/b x=[1]'],
    ['a/b; x="ends with \\', 'a/b x=[ends with ]'],
    ['a/b; n="\xc3\xbc\xff"', 'a/b n=[\xc3\xbc\xff]'],
    ['multipart/mixed; boundary=----=_Part_1.2', 'multipart/mixed boundary=[----=_Part_1.2]'],
    // RFC 2231: as sent
    [`a/b; n*0*=utf-8''a%20; n*1="b"`, `a/b n*0*=[utf-8''a%20] n*1=[b]`],
  ]
  for (const [value, expected] of rows) {
    it(`reads ${value}`, () => {
      expect(describeParsed(value)).toBe(expected)
    })
  }
  const invalid = [
    '',
    ' ',
    'text',
    'text/',
    '/plain',
    'text plain',
    '; charset=x',
    'te<xt/plain',
    '"text"/plain',
    '(text/plain)',
  ]
  for (const value of invalid) {
    it(`refuses ${value}`, () => {
      expect(parseContentType(value)).toBeNull()
    })
  }
  it('refuses names longer than TOKEN_BYTES_MAX', () => {
    const longest = 'x'.repeat(TOKEN_BYTES_MAX)
    expect(parseContentType(`${longest}/${longest}`)).toMatchObject({ type: longest })
    expect(parseContentType(`${longest}x/y`)).toBeNull()
    expect(parseContentType(`y/${longest}x`)).toBeNull()
  })

  function describeParsed(value: string): string {
    const parsed = parseContentType(value)
    if (parsed === null) return 'null'
    const parameters = parsed.parameters.map(([name, text]) => ` ${name}=[${text}]`)
    return `${parsed.type}/${parsed.subtype}${parameters.join('')}`
  }
})

// RFC 2183 §2
describe('parseDisposition', () => {
  it('reads type and parameters', () => {
    const value =
      'Attachment; filename=genome.jpeg; modification-date="Wed, 12 Feb 1997 16:29:51 -0500"'
    expect(parseDisposition(value)).toEqual({
      type: 'attachment',
      parameters: [
        ['filename', 'genome.jpeg'],
        ['modification-date', 'Wed, 12 Feb 1997 16:29:51 -0500'],
      ],
    })
  })
  it('refuses a value without type', () => {
    expect(parseDisposition('')).toBeNull()
    expect(parseDisposition('; filename=x')).toBeNull()
  })
})

describe('parseToken', () => {
  const rows: readonly [string, string | null][] = [
    ['7bit', '7bit'],
    ['(x) BASE64 (y) z', 'base64'],
    ['"base64"', 'base64'],
    ['(x) "Base64" ;', 'base64'],
    ['"base64', 'base64'],
    ['""', null],
    ['', null],
  ]
  for (const [value, expected] of rows) {
    it(`reads ${value} as ${expected}`, () => {
      expect(parseToken(value)).toBe(expected)
    })
  }
})

// RFC 3282 §2
describe('parseLanguages', () => {
  const rows: readonly [string, readonly string[]][] = [
    ['mi, en', ['mi', 'en']],
    ['i-mingo (a comment), de-AT', ['i-mingo', 'de-AT']],
    ['en', ['en']],
    ['en,,fr;', ['en', 'fr']],
    ['', []],
    [',;()', []],
  ]
  for (const [value, expected] of rows) {
    it(`reads ${value}`, () => {
      expect(parseLanguages(value)).toEqual(expected)
    })
  }
})

describe('parameterValue', () => {
  const rows: readonly [string, string, string | null][] = [
    ['a plain one', 'boundary=x', 'x'],
    ['one in any case', 'BOUNDARY=x', 'x'],
    ['the first of two', 'boundary=x; boundary=y', 'x'],
    ['none', 'boundaries=x', null],
    // RFC 2231 §3
    ['continuations', 'boundary*0=a; boundary*1="b c"; boundary*2=d', 'ab cd'],
    ['continuations in any order', 'boundary*1=b; boundary*0=a', 'ab'],
    ['continuations up to a gap', 'boundary*0=a; boundary*2=c', 'a'],
    ['no continuation without a first', 'boundary*1=b', null],
    [
      'more than ten continuations',
      Array.from({ length: 12 }, (_, i) => `boundary*${i}=${i},`).join(';'),
      '0,1,2,3,4,5,6,7,8,9,10,11,',
    ],
    // RFC 2231 §4
    ['an extended value', `boundary*=us-ascii'en-us'a%20b%2A`, 'a b*'],
    ['an extended value of bytes', `boundary*=utf-8''%C3%BC`, '\xc3\xbc'],
    ['an extended value without character set', 'boundary*=a%20b', 'a b'],
    ['a percent sign that encodes nothing', `boundary*=''100%`, '100%'],
    ['a percent sign in a plain value', 'boundary=a%20b', 'a%20b'],
    // RFC 2231 §4.1
    [
      'continuations, some extended',
      `boundary*0*=us-ascii'en'a%20; boundary*1*=b%20; boundary*2="c%20"`,
      'a b c%20',
    ],
    [
      'apostrophes in later sections',
      `boundary*0*=us-ascii''a; boundary*1*=b'c'd; boundary*2="e'f"`,
      `ab'c'de'f`,
    ],
    ['the first of two sections of a number', 'boundary*0=a; boundary*0=b; boundary*1=c', 'ac'],
    ['the plain one beside an extended one', `boundary*=''x; boundary=y`, 'y'],
  ]
  for (const [what, parameters, expected] of rows) {
    it(`gives ${what}`, () => {
      const parsed = parseContentType(`multipart/mixed; ${parameters}`)
      expect(parameterValue(parsed?.parameters ?? [], 'boundary')).toBe(expected)
    })
  }
})
