import { describe, expect, it } from 'vitest'
import { createDestinations } from '#services/policy/destination.ts'
import type { Recipient } from '#shared/directory/directory.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { addressTables, domainTables } from '#shared/settings/restrictions/table-kinds.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { addressOf, annsAccount, teamAlias } from '#test/support/policy-facts.ts'

const remote: Recipient = { kind: 'remote' }

function destinations(relayDomains = '', relayRecipientMaps = '') {
  return createDestinations({
    directory: {
      resolve: async ({ domain }) => (domain === 'example.test' ? { kind: 'unknown' } : remote),
    },
    accessTables: fakeAccessTables({
      partners: { 'table.test': 'OK' },
      people: { 'ann@b.test': '' },
    }),
    settings: {
      relayDomains: domainTables.parse(relayDomains) ?? [],
      relayRecipientMaps: addressTables.parse(relayRecipientMaps) ?? [],
      recipientDelimiter: '+',
    },
  })
}

describe('a domain', () => {
  const of = (name: string, relayDomains: string) => {
    const domain = parseDomain(name)
    if (domain === undefined) throw new Error(name)
    return destinations(relayDomains).destinationOf(domain)
  }

  it.each([
    ['example.test', 'local'],
    ['b.test', 'relay'],
    ['mail.b.test', 'relay'],
    ['c.test', 'remote'],
    ['mail.c.test', 'relay'],
    ['table.test', 'relay'],
    ['below.table.test', 'relay'],
    ['xn--bcher-kva.test', 'relay'],
    ['xb.test', 'remote'],
    ['test', 'remote'],
    ['[192.0.2.1]', 'remote'],
  ])('%s is %s', async (name, destination) => {
    const list = 'B.test .c.test bücher.test, table:partners'
    expect(await of(name, list)).toBe(destination)
  })

  it('is nobody’s where no domains are relayed for', async () => {
    expect(await of('b.test', '')).toBe('remote')
  })
})

describe('a recipient', () => {
  const of = (text: string, found: Recipient) =>
    destinations('b.test').destinationOfRecipient({ address: addressOf(text), found })

  it.each([
    ['x@b.test', remote, 'relay'],
    ['x@c.test', remote, 'remote'],
    ['ann@example.test', annsAccount, 'local'],
    // Whoever says the way is not let through us: the next host would follow it.
    ['x%c.test@b.test', remote, 'remote'],
    ['c.test!x@b.test', remote, 'remote'],
    ['"x@c.test"@b.test', remote, 'remote'],
    ['x%c.test@example.test', teamAlias, 'remote'],
    ['x%c.test@example.test', { kind: 'unknown' }, 'remote'],
    ['x%y@example.test', annsAccount, 'local'],
  ] as const)('%s is %s', async (text, found, destination) => {
    expect(await of(text, found)).toBe(destination)
  })
})

describe('an address in a domain that is relayed for', () => {
  const isThere = (text: string, maps: string) =>
    destinations('b.test', maps).isRelayRecipient(addressOf(text))

  it('is there where nobody said who is', async () => {
    expect(await isThere('anybody@b.test', '')).toBe(true)
  })

  it('is there by itself, without its extension, or with all of its domain', async () => {
    const maps = 'bob@b.test @all.test table:people'
    for (const text of ['bob@b.test', 'Bob+x@b.test', 'x@all.test', 'ann@b.test']) {
      expect(await isThere(text, maps)).toBe(true)
    }
    for (const text of ['eve@b.test', 'x@below.all.test', 'bob@c.test']) {
      expect(await isThere(text, maps)).toBe(false)
    }
  })
})
