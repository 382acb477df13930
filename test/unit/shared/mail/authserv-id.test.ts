import { describe, expect, it } from 'vitest'
import { AUTHSERV_ID_BYTES_MAX, authservIdIn } from '#shared/mail/authserv-id.ts'

const idIn = (value: string, isWhole = true) => authservIdIn(Buffer.from(value, 'latin1'), isWhole)

// RFC 8601 §2.2.
describe('the authserv-id of an Authentication-Results field', () => {
  it.each([
    [' mx.example.test; none', 'mx.example.test'],
    ['mx.example.test;none', 'mx.example.test'],
    [' MX.Example.TEST. 1; spf=pass', 'mx.example.test'],
    ['\r\n\tmx.example.test;\r\n\tspf=pass', 'mx.example.test'],
    [' (a (nested) comment \\) ) mx.example.test (more); none', 'mx.example.test'],
    [' mx.example.test(comment); none', 'mx.example.test'],
    [' "mx.example.test"; none', 'mx.example.test'],
    [' "mx.\\example.test"; none', 'mx.example.test'],
    [' mx.example.test', 'mx.example.test'],
    [' mx.example.test/1; none', 'mx.example.test'],
    [' mx.example.test=1; none', 'mx.example.test'],
    [' mx.example.test\0; none', 'mx.example.test'],
    [' mx.example.test\r\nSubject: a', 'mx.example.test'],
  ])('%j is %j', (value, id) => {
    expect(idIn(value)).toBe(id)
  })

  it.each([
    ['nothing', ''],
    ['white space', ' \r\n '],
    ['comments alone', ' (mx.example.test)'],
    ['a comment without end', ' (mx.example.test; none'],
    ['what no name begins with', ' <mx.example.test>; none'],
    ['an encoded word', ' =?utf-8?Q?mx.example.test?=; none'],
    ['another field behind it', '\r\nmx.example.test: a'],
    ['a comment that goes on in another field', ' (\r\nSubject: ) mx.example.test'],
  ])('is none where there is %s', (_, value) => {
    expect(idIn(value)).toBeUndefined()
  })

  it('is open until it is known whether it goes on', () => {
    const value = ' (c)\r\n mx.example.test;'
    for (let length = 0; length < value.length; length++) {
      expect(idIn(value.slice(0, length), false)).toBe('open')
    }
    expect(idIn(value, false)).toBe('mx.example.test')
  })

  it('is looked for in so many bytes', () => {
    const hidden = (bytes: number) => `${' '.repeat(bytes - 'mx;'.length)}mx;`
    expect(idIn(hidden(AUTHSERV_ID_BYTES_MAX), false)).toBe('mx')
    expect(idIn(hidden(AUTHSERV_ID_BYTES_MAX + 1), false)).not.toBe('mx;')
    expect(idIn(' '.repeat(AUTHSERV_ID_BYTES_MAX), false)).toBeUndefined()
    expect(idIn(' '.repeat(AUTHSERV_ID_BYTES_MAX - 1), false)).toBe('open')
  })
})
