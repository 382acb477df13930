// Which way an address goes, as transport(5) and trivial-rewrite(8) say it.

import { describe, expect, it } from 'vitest'
import { parseNextHop } from '#shared/mail/next-hop.ts'
import { parseRoute } from '#shared/mail/route.ts'
import { createSlotOf, type RouteOptions } from '#shared/queue/routes.ts'
import { inlineMaps, tableRef } from '#test/support/inline-maps.ts'

type Given = {
  readonly maps?: string
  readonly senders?: string
  readonly relayhost?: string
  readonly transport?: RouteOptions['defaultTransport']
}

function slotOf(given: Given) {
  return createSlotOf({
    maps: inlineMaps,
    options: {
      transportMaps: given.maps === undefined ? [] : [tableRef(given.maps)],
      senderDependentRelayhostMaps: given.senders === undefined ? [] : [tableRef(given.senders)],
      relayhost: (given.relayhost && parseNextHop(given.relayhost)) || null,
      defaultTransport: given.transport ?? 'smtp',
      recipientDelimiter: '+',
    },
  })
}

const of = (given: Given, address = 'bob+x@mail.there.test', sender = 'ann@here.test') =>
  slotOf(given)({ address, sender })

describe('the slot of an address', () => {
  it('is its domain, where nothing else is said', async () => {
    expect(await of({})).toBe('mail.there.test')
    expect(await of({}, 'x@[IPv6:2001:db8::1]')).toBe('[2001:db8::1]')
  })

  it('is the relay host of all', async () => {
    expect(await of({ relayhost: '[relay.test]:587' })).toBe('[relay.test]:587')
  })

  it.each(['smtp', 'relay', 'discard', 'error', 'ses', 'lmtp', 'retry'])(
    'is the relay host, be its name %s',
    async (name) => {
      const slot = await of({ relayhost: `${name}:587` })
      expect(parseRoute(slot)).toEqual({
        kind: 'smtp',
        hops: [{ host: name, port: 587, lookUpMx: true }],
      })
    },
  )

  it.each([
    ['ann@here.test=[a.test]', '[a.test]'],
    ['@here.test=[a.test]', '[a.test]'],
    ['here.test=[a.test]:26', '[a.test]:26'],
    ['ann@here.test=dunno, @here.test=[b.test]', '[relay.test]'],
    ['{ann@here.test=}, @here.test=[b.test]', '[relay.test]'],
    ['test=[a.test]', '[relay.test]'],
    ['other@here.test=[a.test]', '[relay.test]'],
  ])('of a sender with %s', async (senders, slot) => {
    const given = { relayhost: '[relay.test]', senders: `inline:{ ${senders} }` }
    expect(await of(given)).toBe(slot)
  })

  it('of the null sender is that of <>', async () => {
    const senders = 'inline:{ <>=[null.test] }'
    expect(await of({ senders }, 'bob@there.test', '')).toBe('[null.test]')
    expect(await of({ senders }, 'bob@there.test')).toBe('there.test')
  })

  // The most specific key first.
  it.each([
    ['bob+x@mail.there.test=[1.test], bob@mail.there.test=[2.test]', '[1.test]'],
    ['bob@mail.there.test=[2.test], mail.there.test=[3.test]', '[2.test]'],
    ['mail.there.test=[3.test], .there.test=[4.test]', '[3.test]'],
    ['.there.test=[4.test], .test=[5.test]', '[4.test]'],
    ['.test=[5.test], *=[6.test]', '[5.test]'],
    ['*=[6.test]', '[6.test]'],
    // Of a parent domain only what begins with a dot counts.
    ['there.test=[7.test]', '[relay.test]'],
  ])('by a map with %s', async (entries, slot) => {
    expect(await of({ relayhost: '[relay.test]', maps: `inline:{ ${entries} }` })).toBe(slot)
  })

  // RESULT FORMAT: what is left out.
  it.each([
    ['{*=}', '[own.test]'],
    ['*=:', '[own.test]'],
    ['*=:[hop.test]:26', '[hop.test]:26'],
    ['*=hop.test', 'hop.test'],
    ['*=smtp:', 'mail.there.test'],
    ['*=relay:', 'mail.there.test'],
    ['*=SMTP:Hop.Test', 'hop.test'],
    ['*=lmtp:', 'lmtp:[mail.there.test]'],
    ['*=lmtp:unix:/run/l', 'lmtp:unix:/run/l'],
    ['*=ses:', 'ses:'],
    ['*=ses:eu-central-1', 'ses:eu-central-1'],
    ['*=discard:', 'discard:'],
    ['{*=error:5.1.6 he moved}', 'error:5.1.6 he moved'],
    ['*=retry:', 'retry:4.0.0'],
    ['{*=smtp:[a.test], [b.test]:26}', '[a.test], [b.test]:26'],
  ])('by an entry %s, before a relay host of the sender', async (entry, slot) => {
    const senders = 'inline:{ ann@here.test=[own.test] }'
    expect(await of({ senders, relayhost: '[relay.test]', maps: `inline:{ ${entry} }` })).toBe(slot)
  })

  it.each([
    ['ses', {}, 'ses:'],
    ['ses', { relayhost: '[relay.test]' }, 'ses:'],
    ['ses', { maps: 'inline:{ *=: }' }, 'ses:'],
    ['ses', { maps: 'inline:{ *=smtp: }' }, 'mail.there.test'],
    ['retry', {}, 'retry:4.0.0'],
    ['lmtp', { relayhost: '[relay.test]:24' }, 'lmtp:[relay.test]'],
  ] as const)('by the default transport %s, with %j', async (transport, given, slot) => {
    expect(await of({ ...given, transport })).toBe(slot)
  })

  // Delivery says that it is none, and must not read another one there.
  it.each([
    ['*=uucp:there', 'uucp:there'],
    ['*=ses:nowhere', 'ses:nowhere'],
    ['*=smtp:[a', '[a'],
    ['*=smtp:discard:x', 'smtp:discard:x'],
    ['*=:error:x', 'smtp:error:x'],
  ])('stays as it is where %s is no route', async (entry, text) => {
    const slot = await of({ maps: `inline:{ ${entry} }` })
    expect(slot).toBe(text)
    expect(typeof parseRoute(slot)).toBe('string')
  })
})
