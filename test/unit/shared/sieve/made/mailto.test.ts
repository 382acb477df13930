import { describe, expect, it } from 'vitest'
import {
  MAILTO_CHARACTERS_MAX,
  MAILTO_FIELDS_MAX,
  MAILTO_RECIPIENTS_MAX,
  parseMailto,
} from '#shared/sieve/made/mailto.ts'

const nothing = { to: [], cc: [], bcc: [], subject: null, body: null, fields: [] }

describe('a mailto URI (RFC 6068 §2)', () => {
  it.each([
    ['mailto:a@b.example', { to: ['a@b.example'] }],
    ['mailto:', {}],
    ['mailto:?subject=x', { subject: 'x' }],
    ['MAILTO:a@b.example', { to: ['a@b.example'] }],
    ['mailto:a@b.example,c@d.example', { to: ['a@b.example', 'c@d.example'] }],
    ['mailto:a@b.example,a@b.example', { to: ['a@b.example'] }],
    ['mailto:?to=a@b.example', { to: ['a@b.example'] }],
    [
      'mailto:a@b.example?to=c@d.example,%20e@f.example',
      { to: ['a@b.example', 'c@d.example', 'e@f.example'] },
    ],
    [
      'mailto:a@b.example?cc=c@d.example%2Ce@f.example',
      { to: ['a@b.example'], cc: ['c@d.example', 'e@f.example'] },
    ],
    ['mailto:a@b.example?BCC=c@d.example', { to: ['a@b.example'], bcc: ['c@d.example'] }],
    [
      'mailto:a@b.example?subject=100%25&body=a%0D%0Ab',
      { to: ['a@b.example'], subject: '100%', body: 'a\r\nb' },
    ],
    ['mailto:a@b.example?subject=%C3%A4=%3F', { to: ['a@b.example'], subject: 'ä=?' }],
    ['mailto:%22a%20b%22@c.example', { to: ['"a b"@c.example'] }],
    ['mailto:gorby%25kremvax@example.com', { to: ['gorby%kremvax@example.com'] }],
    ['mailto:j%C3%B6rg@example.com', { to: ['jörg@example.com'] }],
    [
      'mailto:a@b.example?keywords=x',
      { to: ['a@b.example'], fields: [{ name: 'keywords', value: 'x' }] },
    ],
    // RFC 5436 §2.7: never a user's to say.
    [
      'mailto:a@b.example?from=x&Auto-Submitted=no&received=x&date=x&message-id=x',
      { to: ['a@b.example'] },
    ],
    ['mailto:a@b.example?content-type=text/html&resent-from=x&list-id=x', { to: ['a@b.example'] }],
  ])('%s', (uri, expected) => {
    expect(parseMailto(uri)).toEqual({ ...nothing, ...expected })
  })

  it.each([
    ['', 'its method is not known here: mailto: is'],
    ['xmpp:romeo@im.example.com', 'its method is not known here: mailto: is'],
    ['http://gw.example.net/notify?test', 'its method is not known here: mailto: is'],
    ['mailto:nobody', '"nobody" is no address'],
    ['mailto:a@b.example,', '"" is no address'],
    ['mailto:a@b.example?to=', '"" is no address'],
    ['mailto:a b@c.example', '" " may not stand in it'],
    ['mailto:ä@c.example', '"ä" may not stand in it'],
    ['mailto:a@b.example#x', '"#" may not stand in it'],
    ['mailto:<a@b.example>', '"<" may not stand in it'],
    ['mailto:%E4@c.example', '"" is no address'],
    ['mailto:a%4@c.example', '"" is no address'],
    ['mailto:a@b.example?subject', '"subject" is no field with a value'],
    ['mailto:a@b.example?=x', '"=x" is no field with a value'],
    ['mailto:a@b.example?', '"" is no field with a value'],
    ['mailto:a@b.example?x%20y=z', '"x%20y=z" has no name of a field'],
    ['mailto:a@b.example?x%0Ay=z', '"x%0Ay=z" has no name of a field'],
    [
      'mailto:a@b.example?subject=%FF',
      'the value of subject is not UTF-8, or not encoded as URIs are',
    ],
    ['mailto:a@b.example?body=%00', 'the value of body is not UTF-8, or not encoded as URIs are'],
    ['mailto:a@b.example?subject=x&subject=y', 'it has two subjects'],
    ['mailto:a@b.example?body=x&Body=y', 'it has two bodies'],
  ])('%j is none: %s', (uri, wrong) => {
    expect(parseMailto(uri)).toBe(wrong)
  })
})

describe('limits', () => {
  const many = (count: number, of: (i: number) => string, separator: string) =>
    Array.from({ length: count }, (_, i) => of(i)).join(separator)

  it('has so many recipients', () => {
    const to = (count: number) =>
      parseMailto(`mailto:${many(count, (i) => `a${i}@b.example`, ',')}`)
    expect(to(MAILTO_RECIPIENTS_MAX)).toMatchObject({ subject: null })
    expect(to(MAILTO_RECIPIENTS_MAX + 1)).toBe('it names more than 8')
    const half = many(5, (i) => `a${i}@b.example`, ',')
    expect(parseMailto(`mailto:${half}?cc=${half.replaceAll('b.', 'c.')}`)).toBe(
      'it names more than 8',
    )
  })

  it('has so many fields', () => {
    const fields = (count: number) =>
      parseMailto(`mailto:a@b.example?${many(count, (i) => `x${i}=y`, '&')}`)
    expect(fields(MAILTO_FIELDS_MAX)).toMatchObject({ to: ['a@b.example'] })
    expect(fields(MAILTO_FIELDS_MAX + 1)).toBe('it has more than 20 fields')
  })

  it('is so long', () => {
    const long = (length: number) => parseMailto('mailto:a@b.example?body='.padEnd(length, 'x'))
    expect(long(MAILTO_CHARACTERS_MAX)).toMatchObject({ to: ['a@b.example'] })
    expect(long(MAILTO_CHARACTERS_MAX + 1)).toBe('it is too long')
  })
})
