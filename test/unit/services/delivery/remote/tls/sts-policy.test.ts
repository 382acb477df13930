import { describe, expect, it } from 'vitest'
import {
  linesOf,
  namesHost,
  parseStsPolicy,
  stsIdIn,
} from '#services/delivery/remote/tls/sts-policy.ts'

describe('the TXT record', () => {
  it.each([
    [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
    [['v=STSv1;id=1'], '1'],
    [['v=STSv1 ; x=y; id=a'], 'a'],
    [['v=spf1 -all', 'v=STSv1; id=a', 'v=STSv10; id=b'], 'a'],
    [['v=STSv1; id=a', 'v=STSv1; id=b'], undefined],
    [['v=STSv1; id=a-b'], undefined],
    [[`v=STSv1; id=${'a'.repeat(32)}`], 'a'.repeat(32)],
    [[`v=STSv1; id=${'a'.repeat(33)}`], undefined],
    [['v=STSv1;'], undefined],
    [['v=STSv1'], undefined],
    [['id=a; v=STSv1;'], undefined],
    [[], undefined],
  ])('%j has the id %s', (records, id) => {
    expect(stsIdIn(records)).toBe(id)
  })
})

describe('a policy', () => {
  const text = (...lines: readonly string[]) => lines.join('\n')
  const whole = [
    'version: STSv1',
    'mode: enforce',
    'mx: Mail.there.test',
    'mx: *.there.test',
    'max_age: 604800',
  ]
  const parsed = {
    mode: 'enforce',
    mx: ['mail.there.test', '*.there.test'],
    maxAgeSeconds: 604_800,
  }

  it.each([
    ['with LF', text(...whole, ''), parsed],
    ['with CRLF', whole.join('\r\n'), parsed],
    [
      'without blanks, in another order',
      text('mx:*.there.test', 'max_age:1', 'mode:testing', 'version:STSv1'),
      { mode: 'testing', mx: ['*.there.test'], maxAgeSeconds: 1 },
    ],
    ['with keys nobody knows', text(...whole, 'colour: red', 'no colon', ': x'), parsed],
    ['whose first of two counts', text(...whole, 'mode: none', 'max_age: 1'), parsed],
    [
      'of mode none, without hosts',
      text('version: STSv1', 'mode: none', 'max_age: 0'),
      { mode: 'none', mx: [], maxAgeSeconds: 0 },
    ],
    [
      'for longer than a year',
      text(...whole.slice(0, 4), 'max_age: 9999999999'),
      { ...parsed, maxAgeSeconds: 31_557_600 },
    ],
    ['with a host that is none', text(...whole, 'mx: a..b', 'mx: [192.0.2.1]'), parsed],
  ])('%s', (_, written, expected) => {
    expect(parseStsPolicy(written)).toEqual(expected)
  })

  it.each([
    ['', 'its version is not STSv1'],
    [text('version: STSv2', ...whole), 'its version is not STSv1'],
    [
      text('version: STSv1', 'mode: force', ...whole),
      'its mode is none of enforce, testing and none',
    ],
    [text('version: STSv1', 'mode: enforce', 'mx: a.test'), 'its max_age is no number of seconds'],
    [
      text('version: STSv1', 'mode: enforce', 'mx: a.test', 'max_age: -1'),
      'its max_age is no number of seconds',
    ],
    [text('version: STSv1', 'mode: enforce', 'max_age: 1'), 'it names no host'],
    [
      text(...whole, ...Array.from({ length: 100 }, (_, i) => `mx: a${i}.test`)),
      'it names more than 100 hosts',
    ],
    ['<html>404</html>', 'its version is not STSv1'],
  ])('%s is none', (written, why) => {
    expect(parseStsPolicy(written)).toBe(why)
  })

  it('is told line by line', () => {
    const policy = parseStsPolicy(text(...whole))
    expect(typeof policy === 'object' && parseStsPolicy(linesOf(policy).join('\n'))).toEqual(parsed)
  })
})

it.each([
  ['mx.there.test', 'mx.there.test', true],
  ['*.there.test', 'mx.there.test', true],
  ['*.there.test', 'a.mx.there.test', false],
  ['*.there.test', 'there.test', false],
  ['*.test', 'test', false],
  ['there.test', 'mx.there.test', false],
])('%s names %s: %s', (pattern, host, isNamed) => {
  expect(namesHost([pattern], host)).toBe(isNamed)
})
