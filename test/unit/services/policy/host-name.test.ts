import { describe, expect, it } from 'vitest'
import { isHostName, withoutRoot } from '#services/policy/host-name.ts'

const label = 'a'.repeat(63)

describe('isHostName', () => {
  it.each([
    'mx1.example.test',
    'localhost',
    '1and1.test',
    '3.test',
    'under_score.test',
    'xn--mnchen-3ya.test',
    'A-B.TEST',
    `${label}.${label}.${label}.${label}`,
  ])('takes %s', (name) => {
    expect(isHostName(name)).toBe(true)
  })

  it.each([
    '',
    '.',
    '.test',
    'a.test.',
    'a..test',
    '-a.test',
    'a-.test',
    'a.test-',
    '192.0.2.1',
    '12345',
    '1-2',
    'a b.test',
    'a$.test',
    'münchen.test',
    '[192.0.2.1]',
    `${label}a.test`,
    `${label}.${label}.${label}.${label}.`,
    `a.${label}.${label}.${label}.${label}`,
  ])('takes no %j', (name) => {
    expect(isHostName(name)).toBe(false)
  })
})

describe('withoutRoot', () => {
  it('drops one dot', () => {
    expect(['a.test.', 'a.test', 'a.test..', '.'].map(withoutRoot)).toEqual([
      'a.test',
      'a.test',
      'a.test..',
      '',
    ])
  })
})
