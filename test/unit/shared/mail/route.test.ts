import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NextHop } from '#shared/mail/next-hop.ts'
import { formatRoute, HOPS_MAX, parseRoute, type Route } from '#shared/mail/route.ts'

const relay: NextHop = { host: 'relay.test', port: 25, lookUpMx: false }
const domain: NextHop = { host: 'example.org', port: 25, lookUpMx: true }

describe('parseRoute', () => {
  it.each<readonly [text: string, route: Route]>([
    ['example.org', { kind: 'smtp', hops: [domain] }],
    ['smtp:example.org', { kind: 'smtp', hops: [domain] }],
    ['relay:example.org', { kind: 'smtp', hops: [domain] }],
    [' SMTP : [Relay.Test] ', { kind: 'smtp', hops: [relay] }],
    ['[relay.test]:587', { kind: 'smtp', hops: [{ ...relay, port: 587 }] }],
    ['example.org:26', { kind: 'smtp', hops: [{ ...domain, port: 26 }] }],
    ['[2001:db8::1]:26', { kind: 'smtp', hops: [{ ...relay, host: '2001:db8::1', port: 26 }] }],
    // Postfix 3.5: several, tried one after the other.
    ['smtp:[relay.test], example.org', { kind: 'smtp', hops: [relay, domain] }],
    ['[relay.test] example.org', { kind: 'smtp', hops: [relay, domain] }],
    ['lmtp:[h.test]', { kind: 'lmtp', to: { host: 'h.test', port: 24, lookUpMx: false } }],
    ['lmtp:inet:h.test:25', { kind: 'lmtp', to: { host: 'h.test', port: 25, lookUpMx: false } }],
    ['lmtp:unix:/run/lmtp', { kind: 'lmtp', to: { socketFile: '/run/lmtp' } }],
    ['ses:', { kind: 'ses', region: '' }],
    ['ses:eu-central-1', { kind: 'ses', region: 'eu-central-1' }],
    ['ses:us-gov-west-1', { kind: 'ses', region: 'us-gov-west-1' }],
    ['discard:', { kind: 'discard', why: '' }],
    ['discard: a robot', { kind: 'discard', why: 'a robot' }],
    ['error:', { kind: 'error', status: '5.0.0', why: '' }],
    ['error:mailbox moved', { kind: 'error', status: '5.0.0', why: 'mailbox moved' }],
    ['error:5.1.6 mailbox moved', { kind: 'error', status: '5.1.6', why: 'mailbox moved' }],
    // error(8): the class follows from the service.
    ['error:4.1.6 moved', { kind: 'error', status: '5.1.6', why: 'moved' }],
    ['retry:5.2.0', { kind: 'retry', status: '4.2.0', why: '' }],
    ['retry:later', { kind: 'retry', status: '4.0.0', why: 'later' }],
    ['error:5.1.6x moved', { kind: 'error', status: '5.0.0', why: '5.1.6x moved' }],
  ])('reads %j', (text, route) => {
    expect(parseRoute(text)).toEqual(route)
  })

  it.each([
    ['', 'no domain and no host'],
    ['smtp:', 'no domain and no host'],
    ['smtp:[a', "'[a' is no domain and no host"],
    ['uucp:[a.test]', "'uucp:[a.test]' is no domain and no host"],
    ['smtp:lmtp:[a.test]', "'lmtp:[a.test]' is no domain and no host"],
    ['example.org, a..b', "'a..b' is no domain and no host"],
    ['lmtp:', "'' is no host"],
    ['lmtp:unix:run/lmtp', "'run/lmtp' is no absolute path"],
    ['ses:nowhere', "'nowhere' is no region"],
    ['ses:[relay.test]', "'[relay.test]' is no region"],
  ])('says of %j that %s', (text, fault) => {
    expect(parseRoute(text)).toBe(fault)
  })

  it('takes as many hosts as it says, and no more', () => {
    const hosts = (count: number) => Array.from({ length: count }, (_, n) => `h${n}.test`).join(' ')
    expect(parseRoute(hosts(HOPS_MAX))).toMatchObject({ kind: 'smtp' })
    expect(parseRoute(hosts(HOPS_MAX + 1))).toBe(`more than ${HOPS_MAX} hosts`)
  })
})

describe('formatRoute', () => {
  it.each([
    ['smtp:Example.org:25', 'example.org'],
    ['relay:[relay.test]:587, example.org', '[relay.test]:587, example.org'],
    // A host that has the name of a transport.
    ['smtp:relay:587', 'smtp:relay:587'],
    ['smtp:discard:26, b.test', 'smtp:discard:26, b.test'],
    ['smtp:relay', 'relay'],
    ['smtp:[relay]:587', '[relay]:587'],
    ['lmtp:h.test:24', 'lmtp:[h.test]'],
    ['lmtp:[h.test]:25', 'lmtp:[h.test]:25'],
    ['lmtp:unix:/run/lmtp', 'lmtp:unix:/run/lmtp'],
    ['SES: ', 'ses:'],
    ['error: 4.1.6  moved ', 'error:5.1.6 moved'],
    ['retry:', 'retry:4.0.0'],
    ['discard: why', 'discard:why'],
  ])('writes %j as %j', (text, shortest) => {
    const route = parseRoute(text)
    expect(typeof route === 'string' ? route : formatRoute(route)).toBe(shortest)
  })

  const host = fc.oneof(
    fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z]{2,5}){0,2}$/),
    fc.constantFrom('smtp', 'relay', 'lmtp', 'ses', 'discard', 'error', 'retry', 'unix', 'inet'),
  )
  const hop = fc.record({
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    lookUpMx: fc.boolean(),
  })
  const words = fc.string({ maxLength: 30 }).map((text) => text.trim())
  const number = fc.integer({ min: 0, max: 999 })
  const route: fc.Arbitrary<Route> = fc.oneof(
    fc
      .tuple(hop, fc.array(hop, { maxLength: HOPS_MAX - 1 }))
      .map(([first, more]): Route => ({ kind: 'smtp', hops: [first, ...more] })),
    hop.map((to): Route => ({ kind: 'lmtp', to: { ...to, lookUpMx: false } })),
    fc
      .stringMatching(/^\/[a-z/]{0,20}$/)
      .map((socketFile): Route => ({ kind: 'lmtp', to: { socketFile } })),
    fc.constantFrom('', 'eu-central-1').map((region): Route => ({ kind: 'ses', region })),
    words.map((why): Route => ({ kind: 'discard', why })),
    fc
      .tuple(number, number, words)
      .map(([x, y, why]): Route => ({ kind: 'error', status: `5.${x}.${y}`, why })),
    fc
      .tuple(number, number, words)
      .map(([x, y, why]): Route => ({ kind: 'retry', status: `4.${x}.${y}`, why })),
  )

  it('is read again as what it was', () => {
    fc.assert(
      fc.property(route, (one) => {
        expect(parseRoute(formatRoute(one))).toEqual(one)
      }),
    )
  })

  it('writes what it has read always the same, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const read = parseRoute(text)
        if (typeof read === 'string') return
        const written = formatRoute(read)
        expect(parseRoute(written)).toEqual(read)
      }),
    )
  })
})
