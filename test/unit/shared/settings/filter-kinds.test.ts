import { describe, expect, it } from 'vitest'
import {
  contentFilterHop,
  filterAddress,
  orderedChoices,
  webUrl,
} from '#shared/settings/filter-kinds.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'

const tcp = (host: string, port: number) => ({ kind: 'inet', host, port })

describe('where a filter is', () => {
  it.each([
    ['127.0.0.1:3310', tcp('127.0.0.1', 3310)],
    ['clamd.mail.internal:3310', tcp('clamd.mail.internal', 3310)],
    ['[::1]:3310', tcp('::1', 3310)],
    ['unix:/run/clamd.sock', { kind: 'unix', path: '/run/clamd.sock' }],
  ])('%s', (text, address) => {
    const parsed = filterAddress.parse(text)
    expect(parsed).toEqual(address)
    expect(parsed && filterAddress.format(parsed)).toBe(text)
  })

  it.each([
    '',
    '3310',
    'host',
    'host:0',
    'host:65536',
    ':3310',
    '[::1]',
    '[1.2.3.4]:1',
    'unix:run',
    `unix:/${'x'.repeat(107)}`,
    'a b:1',
  ])('is not %j', (text) => {
    expect(filterAddress.parse(text)).toBeUndefined()
  })
})

describe('other kinds of filters', () => {
  it('names come in the order in which they are given, each once', () => {
    const kind = orderedChoices('a', 'b', 'c')
    expect(kind.parse('c, a')).toEqual(['c', 'a'])
    expect(kind.parse('')).toEqual([])
    expect(kind.parse('a a')).toBeUndefined()
    expect(kind.parse('a d')).toBeUndefined()
    expect(kind.format(['c', 'a'])).toBe('c, a')
  })

  it.each(['https://a.test/b?c=d', 'http://127.0.0.1:8080/'])('%s is a URL', (text) => {
    const parsed = webUrl.parse(text)
    expect(parsed && webUrl.format(parsed)).toBe(text)
  })

  it.each(['ftp://a.test/', 'a.test', 'https://user@a.test/', 'https://a.test/#b'])(
    '%s is none',
    (text) => expect(webUrl.parse(text)).toBeUndefined(),
  )

  it('a content filter is nothing or a next hop', () => {
    expect(contentFilterHop.parse('')).toBeNull()
    const hop = contentFilterHop.parse('scan:[127.0.0.1]:10024')
    expect(hop && contentFilterHop.format(hop)).toBe('smtp:[127.0.0.1]:10024')
    expect(contentFilterHop.parse('pipe:x')).toBeUndefined()
  })
})

describe('settings that cannot go together', () => {
  it.each([
    [['contentFilters=webhook'], 'contentFilters and webhook.url: the webhook has no URL'],
    [
      ['contentFilter=smtp:[127.0.0.1]:10025', 'listeners.reinjection.enabled=yes'],
      'contentFilter and listeners.reinjection.port: the filter is this server itself',
    ],
  ])('%j', (overrides, expected) => {
    const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.test', ...overrides] })
    expect(loaded.kind === 'invalid' && loaded.problems.map(formatProblem)).toEqual([expected])
  })
})
