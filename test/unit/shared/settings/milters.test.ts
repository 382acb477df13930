import { describe, expect, it } from 'vitest'
import { MILTERS_MAX, milterMacros, milters } from '#shared/settings/milters.ts'

const inet = (name: string, host: string, port: number) => ({
  name,
  address: { kind: 'inet', host, port },
})

describe('smtpdMilters', () => {
  it.each([
    ['', []],
    ['inet:localhost:8891', [inet('inet:localhost:8891', 'localhost', 8891)]],
    ['inet:[::1]:8891', [inet('inet:[::1]:8891', '::1', 8891)]],
    [
      'unix:/run/opendkim/opendkim.sock, inet:127.0.0.1:8893',
      [
        {
          name: 'unix:/run/opendkim/opendkim.sock',
          address: { kind: 'unix', path: '/run/opendkim/opendkim.sock' },
        },
        inet('inet:127.0.0.1:8893', '127.0.0.1', 8893),
      ],
    ],
    [
      '{ inet:host.example:10, connect_timeout=10s, command_timeout=5s, content_timeout=1m, default_action=accept, protocol=4 } local:/run/s',
      [
        {
          ...inet('inet:host.example:10', 'host.example', 10),
          connectTimeoutMs: 10_000,
          commandTimeoutMs: 5_000,
          contentTimeoutMs: 60_000,
          defaultAction: 'accept',
          protocol: '4',
        },
        { name: 'local:/run/s', address: { kind: 'unix', path: '/run/s' } },
      ],
    ],
  ])('reads %s', (text, value) => {
    const parsed = milters.parse(text)
    expect(parsed).toEqual(value)
    expect(parsed && milters.parse(milters.format(parsed))).toEqual(value)
  })

  it.each([
    'localhost:8891',
    'inet:8891@localhost',
    'inet:localhost:0',
    'inet:localhost:65536',
    'inet:[localhost]:1',
    'inet:::1:1',
    'unix:',
    'unix:opendkim/opendkim.sock',
    '{ inet:localhost:1',
    'inet:localhost:1 }',
    'inet:localhost:1{a=b}',
    '{ inet:localhost:1, connect_timeout=10 }',
    '{ inet:localhost:1, default_action=maybe }',
    '{ inet:localhost:1, protocol=5 }',
    '{ inet:localhost:1, colour=red }',
    '{ connect_timeout=10s }',
  ])('refuses %s', (text) => {
    expect(milters.parse(text)).toBeUndefined()
  })

  it('are limited in number', () => {
    const many = (count: number) => Array.from({ length: count }, () => 'unix:/a').join(' ')
    expect(milters.parse(many(MILTERS_MAX))).toHaveLength(MILTERS_MAX)
    expect(milters.parse(many(MILTERS_MAX + 1))).toBeUndefined()
  })
})

describe('macros of milters', () => {
  it('are named as in Postfix', () => {
    expect(milterMacros.parse('i {auth_type}, _')).toEqual(['i', '{auth_type}', '_'])
    expect(milterMacros.parse('')).toEqual([])
    expect(milterMacros.parse('auth_type')).toBeUndefined()
    expect(milterMacros.parse('{auth type}')).toBeUndefined()
  })
})
