import { describe, expect, it } from 'vitest'
import { createSenderRights } from '#services/policy/sender-logins.ts'
import type { Directory, Recipient } from '#shared/directory/directory.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { senderLogins } from '#shared/settings/address-kinds.ts'
import { addressOf, annsAccount, disabledAccount, teamAlias } from '#test/support/policy-facts.ts'

const ann = { id: 'ann', login: 'ann@example.test' }
type Expansion = Awaited<ReturnType<Directory['expand']>>

const nowhere: Expansion = { local: [], remote: [], failed: [] }

/** Whether Ann may send as this address, where it is this in the directory. */
function mayUse(
  sender: string,
  { found = { kind: 'unknown' } as Recipient, ends = nowhere, maps = '' } = {},
) {
  const rights = createSenderRights({
    directory: { resolve: async () => found, expand: async () => ends },
    senderLogins: senderLogins.parse(maps) ?? [],
    recipientDelimiter: '+',
    defaultDomain: parseDomain('example.test'),
  })
  return rights.mayUse(ann, sender)
}

const to = (accountId: string) => ({ ...nowhere, local: [{ accountId }] }) as unknown as Expansion

describe('the rights of a login to a sender', () => {
  it('are its own account, also when it was disabled meanwhile', async () => {
    expect(await mayUse('ann@example.test', { found: annsAccount })).toBe(true)
    const disabled = { ...disabledAccount, accountId: 'ann' } as Recipient
    expect(await mayUse('ann@example.test', { found: disabled })).toBe(true)
  })

  it('are not the account of another', async () => {
    expect(await mayUse('off@example.test', { found: disabledAccount })).toBe(false)
  })

  it('are an alias that leads to it', async () => {
    expect(await mayUse('team@example.test', { found: teamAlias, ends: to('ann') })).toBe(true)
    expect(await mayUse('team@example.test', { found: teamAlias, ends: to('bob') })).toBe(false)
  })

  it('are its own address where that is an alias which sends its mail on elsewhere', async () => {
    const own: Recipient = { ...teamAlias, name: addressOf(ann.login) } as Recipient
    expect(await mayUse(ann.login, { found: own })).toBe(true)
  })

  it.each([{ kind: 'unknown' }, { kind: 'remote' }] as const)(
    'are nothing that is $kind',
    async (found) => {
      expect(await mayUse('x@remote.test', { found })).toBe(false)
    },
  )

  it.each(['', 'no address', 'a@b@c'])('are nothing that is no address: %j', async (sender) => {
    expect(await mayUse(sender, { found: annsAccount })).toBe(false)
  })

  it('are what the setting grants: an address with its extensions, a domain, everything', async () => {
    const grant = (maps: string) => mayUse('ceo+x@remote.test', { maps })
    expect(await grant(`ceo@remote.test=${ann.login}`)).toBe(true)
    expect(await grant(`@remote.test=${ann.login}`)).toBe(true)
    expect(await grant(`*=${ann.login}`)).toBe(true)
    expect(await grant('ceo@remote.test=*')).toBe(true)
    expect(await grant('ceo@remote.test=bob@example.test')).toBe(false)
  })
})

it('the address of the directory is the one asked about', async () => {
  const asked: string[] = []
  const rights = createSenderRights({
    directory: {
      async resolve(address) {
        asked.push(formatAddress(address))
        return { kind: 'unknown' }
      },
      expand: async () => nowhere,
    },
    senderLogins: [],
    recipientDelimiter: '+',
    defaultDomain: parseDomain('example.test'),
  })
  await rights.mayUse(ann, 'bare')
  expect(asked).toEqual(['bare@example.test'])
})
