import { describe, expect, it } from 'vitest'
import {
  createClientList,
  createRecipientList,
  greylistClients,
  greylistRecipients,
} from '#shared/settings/greylist-entries.ts'
import { loadSettings } from '#shared/settings/load.ts'

describe('a list of clients', () => {
  it.each([
    ['good.test, Other.TEST\n192.0.2.1', ['good.test', 'Other.TEST', '192.0.2.1']],
    ['/^mx\\d{1,2}\\.test$/, good.test', ['/^mx\\d{1,2}\\.test$/', 'good.test']],
    ['', []],
  ])('%j has %j', (text, entries) => {
    expect(greylistClients.parse(text)).toEqual(entries)
    expect(greylistClients.parse(greylistClients.format(entries))).toEqual(entries)
  })

  it.each([
    '300.0.2.1',
    '192.0.2.1/24',
    '192.0.2.0/33',
    'a b@c',
    '/(a+)+/',
    '//',
    '/a',
    '.test',
    '1.2.3.4.5',
    '7',
  ])('does not take %j', (text) => expect(greylistClients.parse(text)).toBeUndefined())

  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.0/25', '192.0.2.127', '192.0.2.128'],
    ['192.0.2', '192.0.2.255', '192.0.3.0'],
    ['198.18', '198.18.255.1', '198.19.0.0'],
    ['2001:db8::/32', '2001:db8:ffff::1', '2001:db9::1'],
    ['192.0.2.1', '::ffff:192.0.2.1', 'unknown'],
  ])('%s has %s, not %s', (entry, yes, no) => {
    const { isListedAddress, asksName } = createClientList([entry])
    expect([isListedAddress(yes), isListedAddress(no), asksName]).toEqual([true, false, false])
  })

  it.each([
    ['good.test', 'good.test', 'notgood.test'],
    ['good.test', 'A.B.Good.Test', 'good.test.evil.test'],
    ['/^mx\\d+\\./', 'MX1.pool.test', 'mx.pool.test'],
  ])('%s has the name %s, not %s', (entry, yes, no) => {
    const { isListedName, asksName } = createClientList([entry])
    expect([isListedName(yes), isListedName(no), asksName]).toEqual([true, false, true])
  })

  it('goes on in a file of postgrey, expressions and comments included', () => {
    const loaded = loadSettings({
      environment: {},
      overrides: ['postgreyWhitelistClients=good.test /etc/whitelist_clients /^a\\./'],
      readFile: (path) =>
        path === '/etc/whitelist_clients' ? '# pools\n/^mx\\d{1,2}\\./ # two\n\n192.0.2\n' : '',
    })
    expect(loaded).toMatchObject({
      kind: 'ok',
      settings: {
        postgreyWhitelistClients: ['good.test', '/^mx\\d{1,2}\\./', '192.0.2', '/^a\\./'],
      },
    })
  })
})

describe('a list of recipients', () => {
  it.each(['a"b@', '@example.test', 'ann@@', 'ann@-x', '/(a*)*/', '<ann@example.test>'])(
    'does not take %j',
    (text) => expect(greylistRecipients.parse(text)).toBeUndefined(),
  )

  it.each([
    ['ann@example.test', 'Ann@Example.test', 'ann@sub.example.test'],
    ['ann@example.test', 'ann+x@example.test', 'anna@example.test'],
    ['ann+x@example.test', 'ann+x@example.test', 'ann@example.test'],
    ['ann@', 'ann@any.test', 'xann@any.test'],
    ['ann@', 'ann+y@any.test', '+ann@any.test'],
    ['example.test', 'any@example.test', 'any@notexample.test'],
    ['example.test', 'any@sub.example.test', 'example.test@other.test'],
    ['/^news-/', 'News-1@any.test', 'x-news-1@any.test'],
  ])('%s has %s, not %s', (entry, yes, no) => {
    expect(greylistRecipients.parse(entry)).toEqual([entry])
    const isListed = createRecipientList([entry])
    expect([isListed(yes), isListed(no)]).toEqual([true, false])
  })
})
